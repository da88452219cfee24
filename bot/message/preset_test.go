package message

import (
	"strings"
	"testing"
	"unicode/utf8"

	"darkroom/bot/language"
)

// TestPresetsFit: however many and long they are, presets fit into one message, and none is cut within its Markdown.
func TestPresetsFit(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, 25} {
		var all []Preset
		for range n {
			all = append(all, Preset{
				Name:    "a long_name * of `many` characters__",
				Options: map[string]string{"words": strings.Repeat("in *old* oils, ", 200)},
			})
		}
		text := Presets(language.Language{}, all, all)
		if size := utf8.RuneCountInString(text); size > MaxContent {
			t.Errorf("%d presets: got %d characters", n, size)
		}
		lines := strings.Split(text, "\n")
		if len(lines) != 2*n+2 {
			t.Fatalf("%d presets: got %d lines", n, len(lines))
		}
		for _, line := range lines {
			if plain := strings.ReplaceAll(line, `\*`, ""); strings.Count(plain, "*") != 4 || strings.HasSuffix(line, `\…`) {
				t.Errorf("%d presets: got %q, want its name in bold and whole escapes", n, line)
			}
		}
	}
}
