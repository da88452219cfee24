package openapi_test

import (
	"path/filepath"
	"testing"

	"darkroom/bot/sandbox/rules"
	"darkroom/bot/sandbox/rules/openapi"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	// A copy of Discord's description may lie beside the repository.
	d, err := openapi.Load(filepath.Join("..", "..", "..", "..", "..", "shared", "discord-openapi.json"))
	if err != nil {
		t.Skipf("Discord's OpenAPI description is not here: %v", err)
	}
	const callback, original = "/interactions/12/tok/callback", "/webhooks/12/tok/messages/@original"
	for name, tc := range map[string]struct {
		method, path, body string
		good               bool
	}{
		"a message as callback":          {"POST", callback, `{"type":4,"data":{"content":"hi","allowed_mentions":{"parse":[]}}}`, true},
		"a deferred callback":            {"POST", callback, `{"type":5,"data":{"flags":64}}`, true},
		"choices":                        {"POST", callback, `{"type":8,"data":{"choices":[{"name":"a","value":"b"}]}}`, true},
		"an edit with buttons":           {"PATCH", original, `{"content":"x","components":[{"type":1,"components":[{"type":2,"style":1,"custom_id":"a","label":"A"}]}],"allowed_mentions":{"parse":[]}}`, true},
		"a number for content":           {"PATCH", original, `{"content":7}`, false},
		"a callback of no type":          {"POST", callback, `{"data":{}}`, false},
		"a button style that is unknown": {"PATCH", original, `{"components":[{"type":1,"components":[{"type":2,"style":77,"custom_id":"a"}]}]}`, false},
		"a path that is not described":   {"POST", "/nowhere", `{"a":1}`, true},
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
