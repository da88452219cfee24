package request

import (
	"strings"
	"testing"
)

// TestWhatIsMisreadIsNamed asks for what people write without knowing what it means here.
func TestWhatIsMisreadIsNamed(t *testing.T) {
	t.Parallel()
	card := anySize()
	const weight, late = "so all of it counts ×", "comes only after the last step"
	for text, want := range map[string][]string{
		"a clock at 12:30":           {"The prompt ends in “:30”, so all of it counts ×30, as in A1111."},
		"a cat, :3":                  {"“:3”", weight + "3"},
		"a photo, 16:9 --seed 5":     {"“:9”"},
		"a cat：3":                    nil,
		"a cat, :3,":                 nil,
		"a cat (dog:1.2)":            nil,
		"a cat:1":                    nil,
		"a cat :0.8 AND a dog":       nil,
		"hot::2 dog at 12:30":        nil, // it is the end of one of two parts
		"a [fire:1.1] boat [x:9.0]":  {"“[fire:1.1]” " + late},
		"a [fire:0.5] boat":          nil,
		"a boat -ar 3:2, no fog":     {"“-ar” was read as words", "--ar."},
		"a boat --ar3:2":             {"“--ar3:2” was read as words", "--ar 3:2."},
		"/imagine prompt: a boat":    {"“/imagine” at the start was left out"},
		"prompt: a boat":             {"“prompt:” at the start was left out"},
		"a boat AND [fire:1.5] :0.5": {"“[fire:1.5]” " + late},
	} {
		got, refusal := Resolve(Wanted{Prompt: text}, card, 1)
		notes := strings.Join(got.NoteTexts(), "\n")
		for _, w := range want {
			if !strings.Contains(notes, w) {
				t.Errorf("%q: got notes %q, want %q", text, notes, w)
			}
		}
		if refusal != nil || len(want) == 0 && (strings.Contains(notes, weight) || strings.Contains(notes, late)) {
			t.Errorf("%q: got notes %q, %v, want none about weights and edits", text, notes, refusal)
		}
		if strings.Count(notes, weight) > 1 || strings.Count(notes, late) > 1 {
			t.Errorf("%q: got notes %q, want one of a kind", text, notes)
		}
	}
	if got, _ := Resolve(Wanted{Prompt: "a cat", Negative: new("at 12:30")}, card, 1); len(got.Notes) > 0 {
		t.Errorf("a negative prompt has no weight as a whole: got %q", got.Notes)
	}
}

func TestRepeatedFlags(t *testing.T) {
	t.Parallel()
	card := anySize()
	got, refusal := Resolve(Wanted{Prompt: "boat --no fog, --seed 3 --no rain --seed 4 --steps 9 --seed -1"}, card, 1)
	if refusal != nil || got.Spec.Negative != "fog, rain" || got.Spec.Seed != 3 || got.Spec.Steps != 9 ||
		strings.Join(got.NoteTexts(), "|") != "--seed 4 was ignored: the first --seed counts." {
		t.Errorf("got %+v, notes %q, %v", got.Spec, got.Notes, refusal)
	}
	got, _ = Resolve(Wanted{Prompt: "boat --seed -1"}, card, 77)
	if got.Spec.Seed != 77 || len(got.Notes) != 0 {
		t.Errorf("any seed: got %d and notes %q, want the one that was drawn", got.Spec.Seed, got.Notes)
	}
	got, _ = Resolve(Wanted{Prompt: "boat --no fog", Negative: new("rain")}, card, 1)
	if got.Spec.Negative != "rain" ||
		strings.Join(got.NoteTexts(), "") != "--no fog was ignored: an option already sets that." {
		t.Errorf("an option and a flag: got %q, notes %q", got.Spec.Negative, got.Notes)
	}
}
