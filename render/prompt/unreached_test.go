package prompt_test

import (
	"slices"
	"testing"

	"darkroom/render/prompt"
)

func TestUnreached(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"a [fire:1.1] boat":        {"[fire:1.1]"},
		"[fire:1.0]":               {"[fire:1.0]"},
		"a [cat:dog:41]":           {"[cat:dog:41]"},
		"a [cat:dog:40]":           {"[cat:dog:40]"},
		"a [cat:dog:30]":           nil, // samplers with two calls a step get there
		"a [cat:dog:0.99]":         nil,
		"[a:[b:c:2.5]:0.5] (d:2)":  {"[b:c:2.5]"},
		"[cat::1.5]":               nil, // nothing comes
		"[fire] (fire:1.1) [a|b]":  nil,
		"[a:2] | b":                nil, // all of it is text
		"[一:1.5] [two:three:1e9]":  {"[一:1.5]", "[two:three:1e9]"},
		"[fire:-1.1] [fire:0] [x]": nil,
	} {
		if got := prompt.Current.Unreached(text, 20); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
