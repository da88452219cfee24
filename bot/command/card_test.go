package command

import (
	"testing"
)

func TestDecodeClickOnACard(t *testing.T) {
	t.Parallel()
	const raw = `{"id":"1","token":"t","type":3,"data":{"custom_id":"a","component_type":2},
"message":{"id":"9","flags":32768,"attachments":[],"components":[{"type":17,"components":[{"type":12,"items":[
{"media":{"url":"https://cdn/9/2/one%20b.png?ex=1","attachment_id":"2","width":8,"height":6,"content_type":"image/png"}},
{"media":{"url":"https://elsewhere/d.png"}}]},
{"type":9,"components":[],"accessory":{"type":2,"style":2,"custom_id":"a"}}]}]}}`
	req, err := Decode([]byte(raw))
	if err != nil || !req.Card || !req.Genuine || req.Message != "9" {
		t.Fatalf("got %+v, %v; want a genuine click on a card", req, err)
	}
	if len(req.Files) != 1 || req.Files[0].ID != "2" || req.Files[0].Name != "one b.png" || req.Files[0].Width != 8 ||
		req.Files[0].URL != "https://cdn/9/2/one%20b.png?ex=1" || req.Files[0].ContentType != "image/png" {
		t.Errorf("got files %+v, want the one of the gallery that is the message's own", req.Files)
	}
}
