package request

import (
	"reflect"
	"testing"
)

func TestUnknownWords(t *testing.T) {
	t.Parallel()
	got, no := Resolve(Wanted{Prompt: "a (RED:1.2) zebra in the night, Boat"}, postcards().Models[0], 1)
	if no != nil || !reflect.DeepEqual(got.UnknownWords, []string{"zebra"}) || len(got.Examples) != 3 {
		t.Errorf("got %q with %v, %v; want zebra with three examples", got.UnknownWords, got.Examples, no)
	}
	if got, _ := Resolve(Wanted{Prompt: "a zebra"}, anySize().Models[0], 1); got.UnknownWords != nil {
		t.Errorf("a model without a word list: got %q, want none unknown", got.UnknownWords)
	}
}

func TestInvisible(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": true, "\u00a0\u3000": true, "\u200b": true, "\u200d\ufe0f": true, "\u3164\u115f\u2800\u034f": true,
		"\U000e0041": true, "a\u200b": false, "❤\ufe0f": false, ".": false, "\u0301": false, "👨\u200d👩": false,
	} {
		if got := invisible(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestNearestWordsAndExamples(t *testing.T) {
	t.Parallel()
	card := postcards().Models[0]
	card.Examples = []string{"a red house", "a blue star", "a red boat", "night sky", "a boat at night"}
	got, _ := Resolve(Wanted{Prompt: "a red bota and a wyvern"}, card, 3)
	if want := []Near{{"bota", []string{"boat"}}}; !reflect.DeepEqual(got.Nearest, want) {
		t.Errorf("nearest: got %v, want %v", got.Nearest, want)
	}
	if want := []int{2, 4, 0}; !reflect.DeepEqual(got.Examples, want) {
		t.Errorf("examples: got %v, want %v: red and boat first, and among equals by the seed", got.Examples, want)
	}
	a, _ := Resolve(Wanted{Prompt: "a wyvern"}, card, 3)
	b, _ := Resolve(Wanted{Prompt: "a wyvern"}, card, 4)
	if reflect.DeepEqual(a.Examples, b.Examples) {
		t.Errorf("examples: got %v twice, want others with another seed", a.Examples)
	}
}
