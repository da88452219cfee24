package queue

import (
	"encoding/json"
	"reflect"
	"testing"
)

// TestStoredJSON holds the names that the JSON beside undelivered pictures has in Redis. The rest of what is stored is
// held in cmd/darkroom.
func TestStoredJSON(t *testing.T) {
	t.Parallel()
	file := File{Name: "a.png", Seed: 7, Width: 8, Height: 9, SHA256: "5a", PHash: "0f", LowMemory: true}
	want := undeliveredRecord{
		Job: "1-0", Address: json.RawMessage(`{"token":""}`), MaybePosted: true, Names: []string{"a.png"},
		Outcome: Outcome{
			Channel: "2", Message: "3", Delivered: "tray", Files: []File{file}, Millis: map[string]int64{"post": 1},
		},
	}
	const text = `{"job":"1-0","reply":{"token":""},"outcome":{"channel":"2","message":"3","delivered":"tray",` +
		`"files":[{"name":"a.png","seed":7,"width":8,"height":9,"sha256":"5a","phash":"0f","short":true}],"ms":{"post":1}},` +
		`"look":true,"names":["a.png"]}`
	if got, err := encode(want); err != nil || string(got) != text {
		t.Errorf("got %s, %v; want %s", got, err, text)
	}
	var got undeliveredRecord
	if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read: got %+v, %v; want %+v", got, err, want)
	}
}
