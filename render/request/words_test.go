package request

import (
	"reflect"
	"strings"
	"testing"

	"darkroom/render/prompt/dynamic"
)

func TestUnknownWords(t *testing.T) {
	t.Parallel()
	got, no := Resolve(Wanted{Prompt: "a (RED:1.2) zebra in the night, Boat"}, postcards(), 1)
	if no != nil || !reflect.DeepEqual(got.UnknownWords, []string{"zebra"}) || len(got.Examples) != 3 {
		t.Errorf("got %q with %v, %v; want zebra with three examples", got.UnknownWords, got.Examples, no)
	}
	if got, _ := Resolve(Wanted{Prompt: "a zebra"}, anySize(), 1); got.UnknownWords != nil {
		t.Errorf("a model without a word list: got %q, want none unknown", got.UnknownWords)
	}
}

func TestInvisible(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": true, "\u00a0\u3000": true, "\u200b": true, "\u200d\ufe0f": true, "\u3164\u115f\u2800\u034f": true,
		"\U000e0041": true, "a\u200b": false, "❤\ufe0f": false, ".": false, "\u0301": false, "👨\u200d👩": false,
	} {
		if got := Invisible(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestCommentsAreNamed(t *testing.T) {
	t.Parallel()
	card := postcards().Models[0]
	got, refusal := Resolve(Wanted{Prompt: "a red boat #draft --ar 3:2", Negative: new("fog # and so on")}, only(card), 1)
	if refusal != nil || got.Spec.Prompt != "a red boat" || got.Spec.Negative != "fog " || len(got.Notes) != 2 ||
		!strings.Contains(got.Notes[0].String(), "“#draft --ar 3:2”") {
		t.Errorf("got %q without %q, %q, %v", got.Spec.Prompt, got.Spec.Negative, got.Notes, refusal)
	}
	if got, _ := Resolve(Wanted{Prompt: `boat \#1`}, only(card), 1); got.Spec.Prompt != `boat \#1` || len(got.Notes) != 0 {
		t.Errorf("a plain #: got %q, %q", got.Spec.Prompt, got.Notes)
	}
}

func TestWhatIsTextIsNamed(t *testing.T) {
	t.Parallel()
	card := postcards().Models[0]
	for text, want := range map[string]string{
		"a ${x} boat": "Read as text: ${x}.", "%{red $$boat}": "Read as text: %{red $$boat}.",
		"(red BREAK boat)": "A BREAK inside brackets is a word", "red BREAK (boat)": "", "red $5 boat": "",
	} {
		got, refusal := Resolve(Wanted{Prompt: text}, only(card), 1)
		notes := strings.Join(got.NoteTexts(), " ")
		if refusal != nil || want == "" && notes != "" || !strings.Contains(notes, want) {
			t.Errorf("%q: got %q, %v, want %q", text, notes, refusal, want)
		}
	}
}

// TestLengthsAreTold: whoever typed too much learns how much that is, with choices or without.
func TestLengthsAreTold(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("boat ", 3200) + "ab", strings.Repeat("boat ", 3200) + "{ab|ab}"} {
		rows, err := Expand(t.Context(), Wanted{Prompt: text}, 1, 4, dynamic.Folder{}, 20)
		if err != nil {
			t.Fatal(err)
		}
		_, refusal := Resolve(rows[0], postcards(), 1)
		if refusal == nil || refusal.Sentence.String() != "Prompt too long: 16,002 characters, at most 4,000." {
			t.Errorf("got %v, want both numbers", refusal)
		}
	}
}

func TestNearestWordsAndExamples(t *testing.T) {
	t.Parallel()
	card := postcards().Models[0]
	card.Examples = []string{"a red house", "a blue star", "a red boat", "night sky", "a boat at night"}
	got, _ := Resolve(Wanted{Prompt: "a red bota and a wyvern"}, only(card), 3)
	if want := []Near{{"bota", []string{"boat"}}}; !reflect.DeepEqual(got.Nearest, want) {
		t.Errorf("nearest: got %v, want %v", got.Nearest, want)
	}
	if want := []int{2, 4, 0}; !reflect.DeepEqual(got.Examples, want) {
		t.Errorf("examples: got %v, want %v: red and boat first, and among equals by the seed", got.Examples, want)
	}
	a, _ := Resolve(Wanted{Prompt: "a wyvern"}, only(card), 3)
	b, _ := Resolve(Wanted{Prompt: "a wyvern"}, only(card), 4)
	if reflect.DeepEqual(a.Examples, b.Examples) {
		t.Errorf("examples: got %v twice, want others with another seed", a.Examples)
	}
}
