package openapi_test

import (
	"path/filepath"
	"testing"

	"darkroom/bot/sandbox/rules"
	"darkroom/bot/sandbox/rules/openapi"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	// There may be a copy of Discord's description beside the repository.
	d, err := openapi.Load(filepath.Join("..", "..", "..", "..", "..", "shared", "discord-openapi.json"))
	if err != nil {
		t.Skipf("Discord's OpenAPI description is not available: %v", err)
	}
	const quiet, row = `"allowed_mentions":{"parse":[]}`, `{"type":1,"components":[{"type":2,"custom_id":"a",`
	const callback, original = "/interactions/12/tok/callback", "/webhooks/12/tok/messages/@original"
	const buttons = `{"components":[` + row + `"style":1,"label":"A"}]}],` + quiet + `}`
	for name, tc := range map[string]struct {
		method, path, body string
		good               bool
	}{
		"a message as callback":      {"POST", callback, `{"type":4,"data":{"content":"hi",` + quiet + `}}`, true},
		"a deferred callback":        {"POST", callback, `{"type":5,"data":{"flags":64}}`, true},
		"choices":                    {"POST", callback, `{"type":8,"data":{"choices":[{"name":"a","value":"b"}]}}`, true},
		"an edit with buttons":       {"PATCH", original, buttons, true},
		"a number for content":       {"PATCH", original, `{"content":7}`, false},
		"a callback without type":    {"POST", callback, `{"data":{}}`, false},
		"an unknown button style":    {"PATCH", original, `{"components":[` + row + `"style":77}]}]}`, false},
		"a path without description": {"POST", "/nowhere", `{"a":1}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := d.Check(rules.Request{Method: tc.method, Path: tc.path, Body: []byte(tc.body)})
			if (len(got) == 0) != tc.good {
				t.Errorf("got %q, want good=%v", got, tc.good)
			}
		})
	}
}
