package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"darkroom/bot/sandbox/wire"
)

// firstCode returns the path and code of the only field error in an error body; "" for no error.
func firstCode(t *testing.T, err error) string {
	t.Helper()
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		return ""
	}
	var found []string
	var walk func(at string, node map[string]any)
	walk = func(at string, node map[string]any) {
		for name, child := range node {
			if list, ok := child.([]any); ok {
				for _, one := range list {
					found = append(found, strings.TrimPrefix(at, ".")+" "+one.(map[string]any)["code"].(string))
				}
			} else {
				walk(at+"."+name, child.(map[string]any))
			}
		}
	}
	walk("", e.Errors)
	if len(found) != 1 {
		t.Errorf("got %v, want one error", found)
		return ""
	}
	return found[0]
}

func repeated(entry string, n int) string {
	return strings.TrimSuffix(strings.Repeat(entry+",", n), ",")
}

func box(inside string) string { return `{"type":17,"components":[` + inside + `]}` }

func gallery(items string) string { return `{"type":12,"items":[` + items + `]}` }

func TestLayoutOfV2Messages(t *testing.T) {
	t.Parallel()
	const text, item = `{"type":10,"content":"x"}`, `{"media":{"url":"attachment://a.png"}}`
	words := func(n int) string { return `{"type":10,"content":"` + strings.Repeat("é", n) + `"}` }
	button := func(id string) string { return `{"type":2,"style":2,"label":"x","custom_id":"` + id + `"}` }
	row := func(id string) string { return `{"type":1,"components":[` + button(id) + `]}` }
	section := `{"type":9,"components":[` + text + `],"accessory":`
	const thumb = `{"type":11,"media":{"url":"https://example.org/a.png"}}`
	const separator, file = `{"type":14,"spacing":2,"divider":false}`, `{"type":13,"file":{"url":"attachment://a.txt"}}`
	described := func(n int) string {
		return `{"media":{"url":"attachment://a.png"},"spoiler":true,"description":"` + strings.Repeat("d", n) + `"}`
	}
	for name, tc := range map[string]struct{ components, want string }{
		"a card": {
			box(text + `,` + gallery(described(1024)) + `,` + row("a") + `,` + separator),
			"",
		},
		"everything at the top": {
			strings.Join([]string{text, gallery(item), row("a"), separator, file, section + thumb + `}`}, ","),
			"",
		},
		"a section with a button": {section + button("a") + `}`, ""},
		"a section without accessory": {
			`{"type":9,"components":[` + text + `]}`,
			"components.0.accessory BASE_TYPE_REQUIRED",
		},
		"four texts in a section": {
			`{"type":9,"components":[` + repeated(text, 4) + `],"accessory":` + thumb + `}`,
			"components.0.components BASE_TYPE_BAD_LENGTH",
		},
		"a row in a section": {
			`{"type":9,"components":[` + row("a") + `],"accessory":` + thumb + `}`,
			"components.0.components.0 UNION_TYPE_CHOICES",
		},
		"a text as accessory":    {section + text + `}`, "components.0.accessory UNION_TYPE_CHOICES"},
		"a box in a box":         {box(box(text)), "components.0.components.0 UNION_TYPE_CHOICES"},
		"an empty box":           {box(""), "components.0.components BASE_TYPE_BAD_LENGTH"},
		"a button outside a row": {button("a"), "components.0 UNION_TYPE_CHOICES"},
		"a text in a row": {
			`{"type":1,"components":[` + text + `]}`,
			"components.0.components.0 UNION_TYPE_CHOICES",
		},
		"a thumbnail alone": {thumb, "components.0 UNION_TYPE_CHOICES"},
		"a text input": {
			`{"type":1,"components":[{"type":4,"custom_id":"a","style":1}]}`,
			"components.0.components.0 UNION_TYPE_CHOICES",
		},
		"a label": {`{"type":18,"label":"x"}`, "components.0 UNION_TYPE_CHOICES"},
		"a colour of 25 bits": {
			`{"type":17,"accent_color":16777216,"components":[` + text + `]}`,
			"components.0.accent_color NUMBER_TYPE_MAX",
		},
		"an empty gallery": {gallery(""), "components.0.items BASE_TYPE_BAD_LENGTH"},
		"ten items":        {gallery(repeated(item, 10)), ""},
		"eleven items":     {gallery(repeated(item, 11)), "components.0.items BASE_TYPE_BAD_LENGTH"},
		"a description of 1025": {
			gallery(described(1025)),
			"components.0.items.0.description BASE_TYPE_MAX_LENGTH",
		},
		"an item without address": {
			gallery(`{"media":{}}`),
			"components.0.items.0.media.url URL_TYPE_INVALID_SCHEME",
		},
		"a file by its link": {
			`{"type":13,"file":{"url":"https://example.org/a"}}`,
			"components.0.file.url URL_TYPE_INVALID_SCHEME",
		},
		"a spacing of 3":               {`{"type":14,"spacing":3}`, "components.0.spacing BASE_TYPE_CHOICES"},
		"an empty text":                {words(0), "components.0.content BASE_TYPE_BAD_LENGTH"},
		"4000 characters in two texts": {box(words(1000) + `,` + words(3000)), ""},
		"4001 characters in two texts": {
			box(words(1001) + `,` + words(3000)),
			"components COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
		},
		"40 components, nested": {box(repeated(text, 39)), ""},
		"41 components, nested": {box(repeated(text, 40)), "components COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"},
		"a custom_id twice": {
			row("a") + `,` + box(row("a")),
			"components.1.components.0.components.0.custom_id COMPONENT_CUSTOM_ID_DUPLICATED",
		},
		"an id twice": {
			`{"type":10,"id":7,"content":"x"},{"type":10,"id":7,"content":"y"}`,
			"components.1.id COMPONENT_ID_DUPLICATED",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := wire.ReadDraft([]byte(`{"components":[`+tc.components+`]}`), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := firstCode(t, wire.CheckDraft(d, wire.FlagComponentsV2, 0)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestV2ExcludesTheOldFields(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`"content":null,"embeds":[],"poll":null,"sticker_ids":[]`: "",
		`"content":"x"`:                       "flags MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
		`"embeds":[{"title":"x"}]`:            "flags MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
		`"poll":{"question":{"text":"why?"}}`: "flags MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
		`"sticker_ids":["1"]`:                 "flags MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
	} {
		d, err := wire.ReadDraft([]byte(`{"components":[{"type":10,"content":"x"}],`+body+`}`), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := firstCode(t, wire.CheckDraft(d, wire.FlagComponentsV2, 0)); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
		d.Content, d.Embeds, d.Poll, d.Stickers = nil, nil, nil, nil
		want = "components.0 UNION_TYPE_CHOICES"
		if got := firstCode(t, wire.CheckDraft(d, 0, 0)); got != want {
			t.Errorf("a text display without the flag: got %q, want %q", got, want)
		}
	}
}

func TestLayoutOfModals(t *testing.T) {
	t.Parallel()
	label := func(inside string) string { return `{"type":18,"label":"x","component":` + inside + `}` }
	options := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"label":"l%d","value":"v%d"}`, i, i))
		}
		return `"options":[` + strings.Join(all, ",") + `]`
	}
	input := func(id string) string { return `{"type":4,"style":1,"custom_id":"` + id + `"}` }
	const chosen = `{"label":"a","value":"a","default":true},{"label":"b","value":"b","default":true}`
	const at = "data.components.0.component"
	five := []string{label(input("a")), label(input("b")), label(input("c")), label(input("d")), label(input("e"))}
	for name, tc := range map[string]struct{ components, want string }{
		"five labels": {strings.Join(five, ","), ""},
		"six labels": {
			strings.Join(append(five, label(input("f"))), ","),
			"data.components BASE_TYPE_BAD_LENGTH",
		},
		"a text and an old row": {`{"type":10,"content":"x"},{"type":1,"components":[` + input("a") + `]}`, ""},
		"a file upload": {
			label(`{"type":19,"custom_id":"a","min_values":0,"max_values":10,"required":false,"file_types":["image"]}`),
			"",
		},
		"eleven files": {
			label(`{"type":19,"custom_id":"a","max_values":11}`),
			at + ".max_values NUMBER_TYPE_MAX",
		},
		"no file, but required": {
			label(`{"type":19,"custom_id":"a","min_values":0}`),
			at + ".required COMPONENT_REQUIRED_MIN_VALUES",
		},
		"a radio group": {label(`{"type":21,"custom_id":"a",` + options(10) + `}`), ""},
		"a radio group of one": {
			label(`{"type":21,"custom_id":"a",` + options(1) + `}`),
			at + ".options BASE_TYPE_BAD_LENGTH",
		},
		"two defaults of a radio": {
			label(`{"type":21,"custom_id":"a","options":[` + chosen + `]}`),
			at + ".options BASE_TYPE_BAD_LENGTH",
		},
		"a checkbox group": {label(`{"type":22,"custom_id":"a","options":[` + chosen + `],"max_values":2}`), ""},
		"more boxes than there are": {
			label(`{"type":22,"custom_id":"a","max_values":3,` + options(2) + `}`),
			at + ".max_values NUMBER_TYPE_MAX",
		},
		"eleven boxes": {
			label(`{"type":22,"custom_id":"a",` + options(11) + `}`),
			at + ".options BASE_TYPE_BAD_LENGTH",
		},
		"a checkbox":            {label(`{"type":23,"custom_id":"a","default":true}`), ""},
		"a checkbox without id": {label(`{"type":23}`), at + ".custom_id BASE_TYPE_BAD_LENGTH"},
		"a value twice": {
			label(`{"type":21,"custom_id":"a","options":[{"label":"a","value":"v"},{"label":"b","value":"v"}]}`),
			at + ".options.1.value SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
		},
		"a select": {label(`{"type":3,"custom_id":"a","max_values":9,` + options(9) + `}`), ""},
		"a select of 26": {
			label(`{"type":3,"custom_id":"a",` + options(26) + `}`),
			at + ".options BASE_TYPE_BAD_LENGTH",
		},
		"a select without label": {
			`{"type":3,"custom_id":"a",` + options(2) + `}`,
			"data.components.0 UNION_TYPE_CHOICES",
		},
		"a select in an old row": {
			`{"type":1,"components":[{"type":3,"custom_id":"a",` + options(2) + `}]}`,
			"data.components.0.components.0 UNION_TYPE_CHOICES",
		},
		"a select that cannot be used": {
			label(`{"type":3,"custom_id":"a","disabled":true,` + options(2) + `}`),
			at + ".disabled COMPONENT_DISABLED_IN_MODAL",
		},
		"a gallery": {`{"type":12,"items":[{"media":{"url":"https://example.org/a.png"}}]}`,
			"data.components.0 UNION_TYPE_CHOICES"},
		"a custom_id twice": {label(input("a")) + "," + label(input("a")),
			"data.components.1.component.custom_id COMPONENT_CUSTOM_ID_DUPLICATED"},
		"a custom_id of 101":       {label(input(strings.Repeat("x", 101))), at + ".custom_id BASE_TYPE_BAD_LENGTH"},
		"a checkbox without label": {`{"type":23,"custom_id":"a"}`, "data.components.0 UNION_TYPE_CHOICES"},
		"a button in a label": {
			label(`{"type":2,"style":1,"label":"x","custom_id":"a"}`),
			at + " UNION_TYPE_CHOICES",
		},
		"an empty label": {`{"type":18,"label":"x"}`, at + " BASE_TYPE_REQUIRED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m wire.Modal
			if err := json.Unmarshal([]byte(`{"custom_id":"m","title":"t","components":[`+tc.components+`]}`), &m); err != nil {
				t.Fatal(err)
			}
			if got := firstCode(t, wire.CheckModal(&m)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestMenuCommandsHaveOnlyAName(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   wire.Command
		want string
	}{
		"a message command": {wire.Command{Type: wire.MessageCommand, Name: "Image info"}, ""},
		"with a description": {
			wire.Command{Type: wire.MessageCommand, Name: "x", Description: "y"},
			"description BASE_TYPE_MAX_LENGTH",
		},
		"with an option": {
			wire.Command{Type: wire.UserCommand, Name: "x", Options: []wire.CommandOption{
				{Type: wire.StringOption, Name: "o", Description: "d"}}},
			"options BASE_TYPE_MAX_LENGTH",
		},
		"of a type that is none": {wire.Command{Type: 9, Name: "x"}, "type BASE_TYPE_CHOICES"},
	} {
		if got := firstCode(t, wire.CheckCommand(&tc.in)); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}
