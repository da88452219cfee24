package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"darkroom/bot/sandbox/wire"
)

// manyOptions are the options of a select menu.
func manyOptions(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"label":"l%d","value":"v%d"}`, i, i))
	}
	return `"options":[` + strings.Join(all, ",") + `]`
}

// TestRows tries what may stand in rows of buttons and select menus. It is the same in messages with and without cards.
func TestRows(t *testing.T) {
	t.Parallel()
	button := func(more string) string { return `{"type":2,"style":2` + more + `}` }
	row := func(inside string) string { return `{"type":1,"components":[` + inside + `]}` }
	menu := func(more string) string { return row(`{"type":3,"custom_id":"m",` + more + `}`) }
	long := func(n int) string { return strings.Repeat("x", n) }
	numbered := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, button(fmt.Sprintf(`,"label":"x","custom_id":"b%d"`, i)))
		}
		return strings.Join(all, ",")
	}
	const first = "components.0.components.0"
	for name, tc := range map[string]struct{ components, want string }{
		"five buttons":      {row(numbered(5)), ""},
		"six buttons":       {row(numbered(6)), "components.0.components BASE_TYPE_BAD_LENGTH"},
		"an empty row":      {row(""), "components.0.components BASE_TYPE_BAD_LENGTH"},
		"a button of emoji": {row(button(`,"emoji":{"name":"🔄"},"custom_id":"a"`)), ""},
		"neither label nor emoji": {
			row(button(`,"custom_id":"a"`)), first + " BUTTON_COMPONENT_LABEL_REQUIRED",
		},
		"a label of 80": {row(button(`,"custom_id":"a","label":"` + long(80) + `"`)), ""},
		"a label of 81": {
			row(button(`,"custom_id":"a","label":"` + long(81) + `"`)), first + ".label BASE_TYPE_MAX_LENGTH",
		},
		"a custom_id of 100": {row(button(`,"label":"x","custom_id":"` + long(100) + `"`)), ""},
		"a custom_id of 101": {
			row(button(`,"label":"x","custom_id":"` + long(101) + `"`)), first + ".custom_id BASE_TYPE_BAD_LENGTH",
		},
		"no custom_id": {row(button(`,"label":"x"`)), first + ".custom_id BASE_TYPE_BAD_LENGTH"},
		"a style of 9": {row(`{"type":2,"style":9,"label":"x","custom_id":"a"}`), first + ".style BASE_TYPE_CHOICES"},
		"a custom_id twice": {row(button(`,"label":"x","custom_id":"a"`) + "," + button(`,"label":"y","custom_id":"a"`)),
			"components.0.components.1.custom_id COMPONENT_CUSTOM_ID_DUPLICATED"},
		"25 options": {menu(manyOptions(25)), ""},
		"26 options": {menu(manyOptions(26)), first + ".options BASE_TYPE_BAD_LENGTH"},
		"no options": {menu(manyOptions(0)), first + ".options BASE_TYPE_BAD_LENGTH"},
		"an option of 101": {
			menu(`"options":[{"label":"` + long(101) + `","value":"v"}]`), first + ".options.0.label BASE_TYPE_BAD_LENGTH",
		},
		"an option without value": {
			menu(`"options":[{"label":"l"}]`), first + ".options.0.value BASE_TYPE_BAD_LENGTH",
		},
		"an option's long description": {
			menu(`"options":[{"label":"l","value":"v","description":"` + long(101) + `"}]`),
			first + ".options.0.description BASE_TYPE_MAX_LENGTH",
		},
		"a value twice": {
			menu(`"options":[{"label":"a","value":"v"},{"label":"b","value":"v"}]`),
			first + ".options.1.value SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
		},
		"two defaults of one": {
			menu(`"options":[{"label":"a","value":"a","default":true},{"label":"b","value":"b","default":true}]`),
			first + ".options SELECT_COMPONENT_TOO_MANY_DEFAULTS",
		},
		"more than there are": {menu(`"max_values":3,` + manyOptions(2)), first + ".max_values NUMBER_TYPE_MAX"},
		"fewer than none":     {menu(`"min_values":-1,` + manyOptions(2)), first + ".min_values NUMBER_TYPE_MAX"},
		"a placeholder of 151": {
			menu(`"placeholder":"` + long(151) + `",` + manyOptions(2)), first + ".placeholder BASE_TYPE_MAX_LENGTH",
		},
		"a menu's id of 101": {
			row(`{"type":3,"custom_id":"` + long(101) + `",` + manyOptions(1) + `}`),
			first + ".custom_id BASE_TYPE_BAD_LENGTH",
		},
		"a menu beside a button": {
			row(`{"type":3,"custom_id":"m",` + manyOptions(1) + `},` + numbered(1)),
			"components.0 COMPONENT_LAYOUT_WIDTH_EXCEEDED",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, flags := range []int{0, wire.FlagComponentsV2} {
				d, err := wire.ReadDraft([]byte(`{"components":[`+tc.components+`]}`), nil)
				if err != nil {
					t.Fatal(err)
				}
				err = wire.CheckDraft(d, flags, 0)
				if got := firstCode(t, err); got != tc.want {
					t.Errorf("flags %d: got %q, want %q", flags, got, tc.want)
				}
				if err == nil {
					continue
				}
				if e, ok := errors.AsType[*wire.Error](err); !ok || e.Status != 400 || e.Code != 50035 {
					t.Errorf("got %v, want 400 and 50035, as Discord answers", err)
				}
				var body struct {
					Message string         `json:"message"`
					Errors  map[string]any `json:"errors"`
				}
				text, merr := json.Marshal(err)
				if merr = errors.Join(merr, json.Unmarshal(text, &body)); merr != nil || body.Message != "Invalid Form Body" ||
					len(body.Errors) == 0 {
					t.Errorf("got %s, %v, want Discord's body", text, merr)
				}
			}
		})
	}
	d, err := wire.ReadDraft([]byte(`{"components":[`+strings.Join([]string{
		row(button(`,"label":"x","custom_id":"a"`)), row(button(`,"label":"x","custom_id":"b"`)),
		row(button(`,"label":"x","custom_id":"c"`)), row(button(`,"label":"x","custom_id":"d"`)),
		row(button(`,"label":"x","custom_id":"e"`)), row(button(`,"label":"x","custom_id":"f"`)),
	}, ",")+`]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := firstCode(t, wire.CheckDraft(d, 0, 0)); got != "components BASE_TYPE_MAX_LENGTH" {
		t.Errorf("six rows of the older form: got %q", got)
	}
	if err := wire.CheckDraft(d, wire.FlagComponentsV2, 0); err != nil {
		t.Errorf("six rows of a card: got %v", err)
	}
}

// TestDescriptionsOfFiles: an alternative text has at most 1,024 characters, and a message ten files.
func TestDescriptionsOfFiles(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1024: "", 1025: "attachments.0.description BASE_TYPE_MAX_LENGTH"} {
		d, err := wire.ReadDraft(
			[]byte(`{"content":"x","attachments":[{"id":"0","description":"`+strings.Repeat("ö", n)+`"}]}`), nil,
		)
		if err != nil {
			t.Fatal(err)
		}
		if got := firstCode(t, wire.CheckDraft(d, 0, 0)); got != want {
			t.Errorf("%d characters: got %q, want %q", n, got, want)
		}
	}
	d := &wire.Draft{Files: make([]wire.Upload, 4)}
	if got := firstCode(t, wire.CheckDraft(d, 0, 7)); got != "attachments BASE_TYPE_MAX_LENGTH" {
		t.Errorf("eleven files: got %q", got)
	}
}
