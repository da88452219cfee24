package request

import (
	"strings"
	"testing"
)

func TestDraft(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, c := range map[string]struct {
		w           Wanted
		few         int
		steps, full int
	}{
		"a quarter":                 {Wanted{Draft: &yes}, 0, 5, 20},
		"what the card says":        {Wanted{Draft: &yes}, 3, 3, 20},
		"no more than asked for":    {Wanted{Draft: &yes, Steps: new(2)}, 3, 2, 0},
		"as many as it has anyway":  {Wanted{Draft: &yes, Steps: new(3)}, 3, 3, 0},
		"at least one":              {Wanted{Draft: &yes, Steps: new(3)}, 0, 1, 3},
		"quality counts first":      {Wanted{Draft: &yes, Quality: new(2.0)}, 0, 10, 40},
		"an option against it":      {Wanted{Draft: &no, Prompt: "a boat --draft"}, 0, 20, 0},
		"the flag":                  {Wanted{Prompt: "a boat --draft"}, 0, 5, 20},
		"the flag before a preset":  {Wanted{Prompt: "a --draft", Preset: &Preset{Settings: Wanted{Draft: &no}}}, 0, 5, 20},
		"a preset":                  {Wanted{Preset: &Preset{Settings: Wanted{Draft: &yes}}}, 0, 5, 20},
		"an option before a preset": {Wanted{Draft: &no, Preset: &Preset{Settings: Wanted{Draft: &yes}}}, 0, 20, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			card := Card{Name: "m", Hash: "0123", Sizes: []Size{{Width: 64, Height: 64}}, Samplers: []string{"euler"},
				Defaults: Defaults{Size: Size{Width: 64, Height: 64}, Steps: 20, Count: 1, Sampler: "euler"}}
			card.FewSteps.Steps = c.few
			got, refusal := Resolve(c.w, Available{Models: []Card{card}}, 1)
			if refusal != nil {
				t.Fatal(refusal)
			}
			if got.Spec.Steps != c.steps || got.Draft != c.full {
				t.Errorf("got %d steps of %d, want %d of %d", got.Spec.Steps, got.Draft, c.steps, c.full)
			}
			if notes := strings.Join(got.NoteTexts(), " "); strings.Contains(notes, "steps") {
				t.Errorf("got notes %q, want none about steps", notes)
			}
		})
	}
}
