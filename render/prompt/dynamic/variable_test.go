package dynamic_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"darkroom/render/prompt/dynamic"
)

func TestVariables(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"${x=cat}${x}":                              "cat",
		"${x=cat}a ${x} and a ${ x }":               "a cat and a cat",
		"${x}${x=cat}":                              "cat",
		"${x=cat}${x=dog}${x}":                      "dog",
		"${x=cat}${x?=dog}${x}":                     "cat",
		"${x?=dog}${x}":                             "dog",
		"${x: dog}":                                 "dog",
		"${x=cat}${x:dog}":                          "cat",
		"${a=red ${b}}${b=boat}${a}":                "red boat",
		"${x=${x:end}}${x}":                         "end",
		"${x}":                                      "${x}",
		"costs $5 and ${5} and ${a|a}":              "costs $5 and $5 and $a",
		"$ {x} $":                                   "$ x $",
		`\${x=cat}`:                                 `\$x=cat`,
		"${x={cat|cat}}{${x}|${x}}":                 "cat",
		"${x=__colour__}{2$$${x}|${x}}":             "",
		"${n={owl|wren}}__painted__ ${n:never set}": "",
	} {
		got := expand(t, 3, text)[0][0]
		if want != "" && got != want || strings.Contains(got, "=") && !strings.Contains(want, "=") {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := outcomes(t, "${x=!{cat|dog}}${x} ${x}"); !slices.Equal(got, []string{"cat cat", "dog dog"}) {
		t.Errorf("drawn once: got %q", got)
	}
	if got := outcomes(t, "${x={cat|dog}}${x} ${x}"); len(got) != 4 {
		t.Errorf("drawn at each place: got %q, want all four", got)
	}
	if got := expand(t, 1, "${x={cat, dog}}a ${x}"); len(got) != 2 || got[1][0] != "a dog" {
		t.Errorf("a permutation in a variable: got %q", got)
	}
	if got := expand(t, 1, "${x=cat}${x}", "${x}"); got[0][1] != "${x}" {
		t.Errorf("a variable of another text: got %q", got)
	}
	for _, text := range []string{
		"${a=${b}${b}}${b=${c}${c}}${c=${d}${d}}${d=${e}${e}${e}${e}}${e={x|y}{x|y}{x|y}{x|y}}" + strings.Repeat("${a}", 40),
		"${a=${b}}${b=${a}}" + strings.Repeat("${a}", 4000),
	} {
		if _, err := dynamic.Expand(t.Context(), []string{text}, 1, testWildcards(), 5); err != nil &&
			!errors.Is(err, dynamic.ErrTooLong) {
			t.Errorf("%.20q…: got %v", text, err)
		}
	}
}
