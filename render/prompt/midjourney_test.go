package prompt_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"darkroom/render/picture"
	"darkroom/render/prompt"
)

func TestTerms(t *testing.T) {
	t.Parallel()
	third := 1.0 / 3
	for name, tt := range map[string]struct {
		text string
		want []prompt.Term
	}{
		"no colons": {"a (hot:1.2) dog", []prompt.Term{{Text: "a (hot:1.2) dog", Weight: 1}}},
		"parts weigh alike": {
			"hot:: dog", []prompt.Term{{Text: "hot", Weight: 0.5}, {Text: "dog", Weight: 0.5}},
		},
		"a number weighs what is before": {
			"hot::2 dog", []prompt.Term{{Text: "hot", Weight: 2 * third}, {Text: "dog", Weight: third}},
		},
		"weights are relative": {
			"hot::200 dog::100", []prompt.Term{{Text: "hot", Weight: 200. / 300}, {Text: "dog", Weight: 100. / 300}},
		},
		"a weight may be negative": {
			"hot:: dog::-0.5", []prompt.Term{{Text: "hot", Weight: 2}, {Text: "dog", Weight: -1}},
		},
		"one part is a plain prompt": {"hot dog::7", []prompt.Term{{Text: "hot dog", Weight: 1}}},
		"a number needs no nought": {
			"a::.5 b::.5", []prompt.Term{{Text: "a", Weight: 0.5}, {Text: "b", Weight: 0.5}},
		},
		"a number that goes on is text": {
			"a::3d b", []prompt.Term{{Text: "a", Weight: 0.5}, {Text: "3d b", Weight: 0.5}},
		},
		"no blank is needed": {
			"space::ship", []prompt.Term{{Text: "space", Weight: 0.5}, {Text: "ship", Weight: 0.5}},
		},
		"in round brackets they are text": {"(a::2 b:1.2) c::1", []prompt.Term{{Text: "(a::2 b:1.2) c", Weight: 1}}},
		"in square brackets they edit": {
			"[a::0.5] c:: d", []prompt.Term{{Text: "[a::0.5] c", Weight: 0.5}, {Text: "d", Weight: 0.5}},
		},
		"an open bracket encloses nothing": {
			"(a:: b", []prompt.Term{{Text: "(a", Weight: 0.5}, {Text: "b", Weight: 0.5}},
		},
		"an escaped bracket encloses nothing": {
			`\(a:: b\)`, []prompt.Term{{Text: `\(a`, Weight: 0.5}, {Text: `b\)`, Weight: 0.5}},
		},
		"escaped colons are text": {`a\:: b`, []prompt.Term{{Text: `a\:: b`, Weight: 1}}},
		"parts without text are left out": {
			"::3 a:: ::b::", []prompt.Term{{Text: "a", Weight: 0.5}, {Text: "b", Weight: 0.5}},
		},
		"nothing but colons is one empty part": {":: ::2", []prompt.Term{{Text: "", Weight: 1}}},
		"three colons are two": {
			"a:::2 b", []prompt.Term{{Text: "a", Weight: 2 * third}, {Text: "b", Weight: third}},
		},
		"AND joins what is divided": {
			"a:: b AND c :0.5", []prompt.Term{{Text: "a", Weight: 0.5}, {Text: "b", Weight: 0.5}, {Text: " c", Weight: 0.5}},
		},
		"emphasis and editing stay in their parts": {
			"(a:1.2)::3 [b:c:0.5]", []prompt.Term{{Text: "(a:1.2)", Weight: 0.75}, {Text: "[b:c:0.5]", Weight: 0.25}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := prompt.Current.Terms(picture.NotationMidjourney, tt.text)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Terms(%q)\n got %v, %v\nwant %v", tt.text, got, err, tt.want)
			}
			if got, err := prompt.Current.Terms(picture.NotationA1111, tt.text); err != nil ||
				!reflect.DeepEqual(got, prompt.Current.Compose(tt.text)) {
				t.Errorf("A1111's notation: Terms(%q): got %v, %v, want what Compose gives", tt.text, got, err)
			}
		})
	}
}

func TestTermsThatCancel(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a::1 b::-1", "a::-1", "a::1 b::-2", "a::0", "a::1 b::-0.995", "x AND a::-1"} {
		got, err := prompt.Current.Terms(picture.NotationMidjourney, text)
		var no *prompt.WeightsError
		if !errors.As(err, &no) || got != nil {
			t.Errorf("%q: got %v, %v, want a WeightsError", text, got, err)
		}
	}
}

func TestDetectNotation(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]picture.Notation{
		"hot dog": picture.NotationA1111, "hot:: dog": picture.NotationMidjourney, "hot::2 dog": picture.NotationMidjourney,
		"hot dog::": picture.NotationMidjourney, "dog::-.5": picture.NotationMidjourney,
		"a std::vector": picture.NotationA1111, "[a::0.5]": picture.NotationA1111, "(a::2)": picture.NotationA1111,
		"a::2, b": picture.NotationMidjourney, "a::, b": picture.NotationMidjourney, "": picture.NotationA1111,
		"::": picture.NotationMidjourney, "a: b": picture.NotationA1111, "[x::3] hot:: dog": picture.NotationMidjourney,
		"<lora:a::2>": picture.NotationA1111, "{2::a|b}": picture.NotationA1111, "a::3d": picture.NotationA1111,
	} {
		if got := prompt.DetectNotation(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func checkTerms(t interface{ Fatalf(string, ...any) }, text string) {
	terms, err := prompt.Current.Terms(picture.NotationMidjourney, text)
	if err != nil {
		return
	}
	sum := 0.0
	for _, term := range terms {
		if math.IsNaN(term.Weight) || math.IsInf(term.Weight, 0) {
			t.Fatalf("%q: the weight of %q is %v", text, term.Text, term.Weight)
		}
		sum += term.Weight
	}
	if len(terms) == 0 ||
		!strings.Contains(text, "AND") && strings.Contains(text, "::") && len(terms) > 1 && math.Abs(sum-1) > 1e-6 {
		t.Fatalf("%q: got %v with the sum %v, want terms that add up to 1", text, terms, sum)
	}
}

func TestTermsOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkTerms(
			t,
			strings.Join(
				rapid.SliceOf(
					rapid.SampledFrom([]string{"::", "a", " ", "2", "-0.5", "(", ")", "[", "]", "AND", `\`, ":", "é", ".", "{", "}"}),
				).Draw(
					t, "text",
				),
				"",
			),
		)
	})
}

func FuzzTerms(f *testing.F) {
	for _, seed := range []string{"hot::2 dog", "a::-0.5 b", "((a::2)b::3", `\::`, "a AND b::2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkTerms(t, text) })
}
