package openapi_test

import (
	"path/filepath"
	"strings"
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
	card := func(inside string) string {
		return `{"type":4,"data":{"flags":32768,"components":[{"type":17,"accent_color":5793266,"components":[` + inside +
			`]}],` + quiet + `}}`
	}
	const shown = `{"type":10,"content":"hi"},{"type":12,"items":[{"media":{"url":"attachment://a.png"},` +
		`"description":"a boat","spoiler":true}]},` + row + `"style":2,"label":"U1"}]},{"type":14,"divider":true}`
	modal := func(inside string) string {
		return `{"type":9,"data":{"custom_id":"m","title":"t","components":[{"type":18,"label":"x","component":` + inside +
			`}]}}`
	}
	const radio = `{"type":21,"custom_id":"a","options":[{"label":"a","value":"a"},{"label":"b","value":"b"}]}`
	const boxes = `{"type":22,"custom_id":"a","min_values":0,"required":false,"options":[{"label":"a","value":"a"}]}`
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
		"a card":                     {"POST", callback, card(shown), true},
		"a card in an odd colour":    {"POST", callback, strings.Replace(card(shown), "5793266", "-1", 1), false},
		"a gallery without items":    {"POST", callback, card(`{"type":12}`), false},
		"a form with a file upload":  {"POST", callback, modal(`{"type":19,"custom_id":"a","max_values":10}`), true},
		"a form for eleven files":    {"POST", callback, modal(`{"type":19,"custom_id":"a","max_values":11}`), false},
		"a form with a radio group":  {"POST", callback, modal(radio), true},
		"a form with boxes":          {"POST", callback, modal(boxes), true},
		"a form with a checkbox":     {"POST", callback, modal(`{"type":23,"custom_id":"a","default":true}`), true},
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
