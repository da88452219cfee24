package command

import (
	"fmt"
	"testing"
)

// TestShownJobOfOtherBots sees that a custom_id of ours on a message that somebody else wrote means nothing.
func TestShownJobOfOtherBots(t *testing.T) {
	t.Parallel()
	for author, want := range map[string]string{"5": "1-0", "6": "", "": ""} {
		raw := fmt.Sprintf(`{"id":"1","application_id":"5","token":"t","type":2,"data":{"type":3,"name":"Image info",
"target_id":"9","resolved":{"messages":{"9":{"id":"9","author":{"id":%q},"components":[{"type":1,"components":[
{"type":2,"custom_id":"1:reroll:1-0:0"}]}]}}}}}`, author)
		req, err := Decode([]byte(raw))
		if err != nil || req.Verb != OnMessage || req.Shown.Job != want {
			t.Errorf("a message of %q: got %+v, %v; want job %q", author, req.Shown, err, want)
		}
	}
}
