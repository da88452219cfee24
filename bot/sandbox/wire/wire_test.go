package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"darkroom/bot/sandbox/wire"
)

// fault is the code of an error, 0 for none.
func fault(err error) int {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e.Code
	}
	return 0
}

func TestButtonEmoji(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"🔄": true, "✏️": true, "ℹ️": true, "❌": true, "2️⃣": true, "🇩🇪": true, "👩‍🎨": true, "🏴󠁧󠁢󠁥󠁮󠁧󠁿": true,
		"x": false, "": false, "🔄 again": false, "1": false,
	} {
		d := &wire.Draft{Components: []wire.Component{{Type: wire.ActionRow, Components: []wire.Component{
			{Type: wire.Button, Style: 1, CustomID: "a", Label: "a", Emoji: &wire.Emoji{Name: name}}}}}}
		if got := wire.CheckDraft(d, 0, 0); (got == nil) != good {
			t.Errorf("%q: got %v, want good=%v", name, got, good)
		}
	}
}

func TestCommandSize(t *testing.T) {
	t.Parallel()
	c := &wire.Command{Name: "big", Description: "x"}
	for i := range 25 {
		o := wire.CommandOption{Type: wire.StringOption, Name: fmt.Sprintf("o%d", i), Description: strings.Repeat("d", 100)}
		for j := range 5 {
			name := fmt.Sprintf("%d%s", j, strings.Repeat("n", 20))
			o.Choices = append(o.Choices, wire.Choice{Name: name, Value: strings.Repeat("v", 20)})
		}
		c.Options = append(c.Options, o)
	}
	if err := wire.CheckCommand(c); err != nil {
		t.Fatalf("%d characters: got %v, want nil", wire.CommandChars(c), err)
	}
	c.Options[0].Descriptions = json.RawMessage(`{"de":"` + strings.Repeat("ä", 400) + `"}`)
	if before := wire.CommandChars(c); before < 400 {
		t.Errorf("got %d characters, want the longest localization counted", before)
	}
	for i := range c.Options {
		for j := range c.Options[i].Choices {
			c.Options[i].Choices[j].Value = strings.Repeat("v", 60)
		}
	}
	if got := fault(wire.CheckCommand(c)); got != 50035 {
		t.Errorf("%d characters: got code %d, want 50035", wire.CommandChars(c), got)
	}
}

func TestCommandName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"imagine": true, "bild-malen_2": true, "मलेन": true, strings.Repeat("é", 32): true,
		"": false, "Imagine": false, "two words": false, strings.Repeat("a", 33): false,
	} {
		if err := wire.CheckCommand(&wire.Command{Name: name, Description: "x"}); (err == nil) != want {
			t.Errorf("%q: got %v, want it taken: %v", name, err, want)
		}
	}
}

func TestErrorBody(t *testing.T) {
	t.Parallel()
	var f wire.FieldErrors
	f.MaxLength("embeds.0.title", strings.Repeat("x", 300), 256)
	data, err := json.Marshal(f.Err())
	want := `{"code":50035,"errors":{"embeds":{"0":{"title":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH",` +
		`"message":"Must be 256 or fewer in length."}]}}}},"message":"Invalid Form Body"}`
	if err != nil || string(data) != want {
		t.Errorf("got %s, %v\nwant %s", data, err, want)
	}
}

func TestReadDraftKeepsAbsentAndNullApart(t *testing.T) {
	t.Parallel()
	d, err := wire.ReadDraft([]byte(`{"content":null,"nonce":12}`), nil)
	if err != nil || !d.Has["content"] || d.Has["embeds"] || d.Text() != "" || d.NonceText() != "12" {
		t.Errorf("got %+v, %v; want content there and null, embeds absent, nonce 12", d, err)
	}
	if _, err := wire.ReadDraft([]byte(`[]`), nil); fault(err) != 50109 {
		t.Errorf("got %v, want 50109", err)
	}
}

func TestSafeName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a b.png": "a_b.png", "../../x": "....x", "\r\n.png": ".png", "..": "unknown", "": "unknown",
	} {
		if got := wire.SafeName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
