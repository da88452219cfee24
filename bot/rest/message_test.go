package rest_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"darkroom/bot/message"
	"darkroom/bot/rest"
)

// shownCard is a card as Discord returns it: what the gallery shows is not among the attachments.
const shownCard = `{"id":"9","attachments":[{"id":"3","filename":"c.png","url":"https://cdn/c.png?ex=1","is_spoiler":true}],
"components":[{"type":17,"components":[{"type":10,"content":"x"},{"type":12,"items":[
{"media":{"url":"https://cdn/9/2/SPOILER_b.png?ex=1","attachment_id":"2","width":8,"height":6},"description":"B","spoiler":true},
{"media":{"url":"https://cdn/9/1/a.png?ex=1","attachment_id":"1","width":8,"height":6},"description":"A"},
{"media":{"url":"https://elsewhere/d.png"}}]},
{"type":1,"components":[{"type":2,"style":1,"custom_id":"1:vary:7-0:1"},
{"type":2,"style":2,"custom_id":"1:remix:7-0:0"}]},
{"type":9,"components":[{"type":10,"content":"y"}],"accessory":{"type":2,"style":2,"custom_id":"1:more:7-0:0"}}]}]}`

func TestFilesOfACard(t *testing.T) {
	t.Parallel()
	var m rest.Message
	if err := json.Unmarshal([]byte(shownCard), &m); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range m.Files() {
		names = append(names, f.Filename)
	}
	if want := []string{"SPOILER_b.png", "a.png", "c.png"}; !reflect.DeepEqual(names, want) {
		t.Errorf("files: got %q, want %q", names, want)
	}
	kept := []message.Kept{
		{ID: "1", Name: "a.png", Description: "A"}, {ID: "2", Name: "SPOILER_b.png", Description: "B", Spoiler: true},
	}
	if got := m.Keep("a.png", "b.png", "z.png"); !reflect.DeepEqual(got, kept) {
		t.Errorf("kept by name: got %+v, want %+v", got, kept)
	}
	if got := m.Keep(); len(got) != 3 || !got[2].Spoiler {
		t.Errorf("kept: got %+v, want all three, the last covered", got)
	}
	if !m.Has("1:more:7-0:0") || m.Has("1:cancel:7-0:0") {
		t.Error("a button beside a text was not found, or one that is not there was")
	}
	if !m.Blue("1:vary:7-0:1") || m.Blue("1:remix:7-0:0") || m.Blue("1:up:7-0:1") {
		t.Error("got other buttons in blue, want the first alone")
	}
}
