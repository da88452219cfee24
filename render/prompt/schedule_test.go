package prompt

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func alternating(texts ...string) []Stage {
	var all []Stage
	for i := range 10 {
		all = append(all, Stage{i + 1, texts[i%len(texts)]})
	}
	return all
}

// The examples that A1111's prompt_parser documents, with ten steps, and some of what its grammar makes of other texts.
func TestStages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Stage{
		"test":                {{10, "test"}},
		"":                    {{10, ""}},
		"a [b:3]":             {{3, "a "}, {10, "a b"}},
		"a [b: 3]":            {{3, "a "}, {10, "a b"}},
		"a [[[b]]:2]":         {{2, "a "}, {10, "a [[b]]"}},
		"[(a:2):3]":           {{3, ""}, {10, "(a:2)"}},
		"a [b : c : 1] d":     {{1, "a b  d"}, {10, "a  c  d"}},
		"a[b:[c:d:2]:1]e":     {{1, "abe"}, {2, "ace"}, {10, "ade"}},
		"a [unbalanced":       {{10, "a [unbalanced"}},
		"a [b:.5] c":          {{5, "a  c"}, {10, "a b c"}},
		"((a][:b:c [d:3]":     {{3, "((a][:b:c "}, {10, "((a][:b:c d"}},
		"[a|(b:1.1)]":         alternating("a", "(b:1.1)"),
		"[fe|]male":           alternating("female", "male"),
		"[fe|||]male":         alternating("female", "male", "male", "male"),
		"[[a|b]|c]":           alternating("a", "c", "a", "c"),
		"a | b":               {{10, "a | b"}},
		"(a|b) [c:3]":         {{10, "(a|b) [c:3]"}},
		"[a:b|c:3]":           {{10, "[a:b|c:3]"}},
		`a [b:3] \`:           {{10, `a [b:3] \`}},
		`[a\:b:3]`:            {{3, ""}, {10, `a\:b`}},
		`\[a:b:3]`:            {{10, `\[a:b:3]`}},
		"[a:b:c]":             {{10, "[a:b:c]"}},
		"a [b:c:d:3]":         {{10, "a [b:c:d:3]"}},
		"[a:2.5.1]":           {{10, "[a:2.5.1]"}},
		"[a:1e0]":             {{1, ""}, {10, "a"}},
		"[a:b:0]":             {{10, "b"}},
		"[a:b:-2]":            {{10, "b"}},
		"[a:b:1.0]":           {{10, "a"}},
		"[a:b:25]":            {{10, "a"}},
		"[a::3]":              {{3, "a"}, {10, ""}},
		"(a[b:3]":             {{3, "(a"}, {10, "(ab"}},
		"(a[b:3]:1.2)":        {{3, "(a:1.2)"}, {10, "(ab:1.2)"}},
		"a [{b|d{:.5] c":      {{10, "a [{b|d{:.5] c"}}, // its own example promises more and fails there too
		"a [x [b:c] y:3]":     {{10, "a [x [b:c] y:3]"}},
		"two [red:blue:.5] [": {{5, "two red ["}, {10, "two blue ["}},
	} {
		if got := Current.Stages(text, Calls{Count: 10}); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestStagesOfALongPrompt(t *testing.T) {
	t.Parallel()
	text := "fantasy landscape with a [mountain:lake:0.25] and [an oak:a christmas tree:0.75][ in foreground::0.6]" +
		"[: in background:0.25] [shoddy:masterful:0.5]"
	want := []Stage{
		{25, "fantasy landscape with a mountain and an oak in foreground shoddy"},
		{50, "fantasy landscape with a lake and an oak in foreground in background shoddy"},
		{60, "fantasy landscape with a lake and an oak in foreground in background masterful"},
		{75, "fantasy landscape with a lake and an oak in background masterful"},
		{100, "fantasy landscape with a lake and a christmas tree in background masterful"},
	}
	if got := Current.Stages(text, Calls{Count: 100}); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestStagesOfASecondPass(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Stage{
		"a [b:.5] c":  {{10, "a b c"}},
		"a [b:1.5] c": {{5, "a  c"}, {10, "a b c"}},
		"a [b:14] c":  {{4, "a  c"}, {10, "a b c"}},
		"a [b:4] c":   {{10, "a b c"}},
	} {
		if got := Current.Stages(text, Calls{Count: 10, Before: 10}); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// A1111 counts calls from 0 and ends from 1, so the first text is read once more than its number says.
func TestStageAt(t *testing.T) {
	t.Parallel()
	var read []string
	for call := range 4 {
		read = append(read, StageAt(Current.Stages("[a|b]", Calls{Count: 4}), call).Text)
	}
	if got := strings.Join(read, ""); got != "aaba" {
		t.Errorf("[a|b] over four calls: got %s, want aaba", got)
	}
}

func TestStagesOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune(`ab[]():|\.5 3-`))).Draw(t, "text")
		steps := rapid.IntRange(1, 12).Draw(t, "steps")
		stages := Current.Stages(text, Calls{Count: steps})
		if len(stages) == 0 || stages[len(stages)-1].Until != steps || stages[0].Until < 1 {
			t.Fatalf("%q: got %v, want stages up to %d", text, stages, steps)
		}
		if !strings.ContainsAny(text, "[") && (len(stages) != 1 || stages[0].Text != text) {
			t.Fatalf("%q has nothing to schedule: got %v", text, stages)
		}
	})
}

func FuzzStages(f *testing.F) {
	f.Add("a[b:[c:d:2]:1]e [x|y]")
	f.Fuzz(func(t *testing.T, text string) { Current.Stages(text, Calls{Count: 5}) })
}

// Reading takes time in proportion to the text, however its brackets lie: each is tried once.
func TestDeepBrackets(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"[", "(", "[a:", "[a|", "[(", "[a:b]"} {
		text := strings.Repeat(unit, 4000/len(unit))
		if got := Current.Stages(text, Calls{Count: 3}); len(got) == 0 {
			t.Errorf("%q…: no stages", unit)
		}
	}
	inner := "[a:b:2]"
	for range 500 {
		inner = fmt.Sprintf("[%s:c:2]", inner)
	}
	if got := Current.Stages(inner, Calls{Count: 4}); len(got) != 2 || got[0].Text != "a" || got[1].Text != "c" {
		t.Errorf("500 edits inside each other: got %v, want a, then c", got)
	}
}
