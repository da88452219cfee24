package pipeline

import (
	"strings"
	"testing"

	"darkroom/render/folder"
)

func TestCardTexts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		card folder.Card
		want string // "" for a good one
	}{
		"nothing":           {folder.Card{}, ""},
		"other scripts":     {folder.Card{Name: "夜の港\u3000é", Examples: []string{"👩\u200d🚀"}}, ""},
		"a long text":       {folder.Card{Description: "two\nlines"}, ""},
		"a name of lines":   {folder.Card{Name: "a\nb"}, "can be shown"},
		"a name that wipes": {folder.Card{Name: "a\x1b[2J"}, "can be shown"},
		"a name backwards":  {folder.Card{Name: "a\u202eb"}, "can be shown"},
		"a long name":       {folder.Card{Name: strings.Repeat("ä", 101)}, "a name of 101 characters"},
		"a description":     {folder.Card{Description: "\x1b"}, "description"},
		"an example":        {folder.Card{Examples: []string{"a\x07"}}, `"a\a"`},
		"a word":            {folder.Card{Words: []string{"a", "b\r"}}, `"b\r"`},
		"very much":         {folder.Card{Description: strings.Repeat("a", maxCardBytes)}, "want at most"},
	} {
		err := checkCardTexts(c.card)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
