package prompt_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"darkroom/render/prompt"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a ((b)) [c]":        `a (b:1.2100000000000002) (c:0.9090909090909091)`,
		`\(a\)`:              `\(a\)`,
		"a(unclosed":         "a(unclosed:1.1)",
		"a) b":               `a\) b`,
		"a\nBREAK b":         "a BREAK b",
		`BRE\AK`:             `B\REAK`,
		`a \ BREAK \ b`:      `a \ BREAK \ b`,
		"[a:b:0.5]":          "(a:b:0.5:0.9090909090909091)",
		"{a|b}, c:1, <d> ::": "{a|b}, c:1, <d> ::",
	} {
		if got := prompt.Format(prompt.Current.Parse(text)); got != want {
			t.Errorf("Format(Parse(%q)) = %q, want %q", text, got, want)
		}
	}
}

// pieces are what random prompts are made of: every token of the grammar and what could be mistaken for one.
var pieces = []string{
	"(", ")", "[", "]", ":", `\`, "a", " ", "\n", "BREAK", " BREAK ", "1.2", ":1.3)", ":0)", ":1)", ":-1)", ": .5 )",
	"é", "🙂", "\x85", ",", "|", "<lora:x:1>", "\xff",
}

func TestFormatRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := ""
		for _, p := range rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 40).Draw(t, "pieces") {
			text += p
		}
		checkRoundTrip(t, text)
	})
}

func checkRoundTrip(t interface{ Fatalf(string, ...any) }, text string) {
	first := prompt.Current.Parse(text)
	written := prompt.Format(first)
	second := prompt.Current.Parse(written)
	if !reflect.DeepEqual(withoutColumns(first), withoutColumns(second)) {
		t.Fatalf(
			"Parse(%q)\n  is %v\nFormat gives %q\nwhich is %v", text, withoutColumns(first), written, withoutColumns(second),
		)
	}
}

// withoutColumns returns parts without their columns.
func withoutColumns(parts []prompt.Part) []prompt.Part {
	out := append([]prompt.Part(nil), parts...)
	for i := range out {
		out[i].Column = 0
	}
	return out
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "a (b:1.2) [c] BREAK d", `\(\)\[\]\\\`, "((((", "))))", "(a:1.2.3)", "(a:", "[a|b:c:0.5]", "(a:1e9)",
		"(BREAK:-1)", "BREAKBREAK", "a(:0)b", "(a:0)(b:0)", "\x85BREAK\u3000", "<lora:a:1>(b)", "\xff(\xfe:2)",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		prompt.Fragments(text)
		prompt.Current.ParseWithAddons(text)
		checkRoundTrip(t, text)
	})
}
