package request

import (
	"slices"
	"strings"
	"testing"

	"darkroom/render/picture"
)

// TestRemixStrength sees that a strength counts for the start image that an earlier image has.
func TestRemixStrength(t *testing.T) {
	t.Parallel()
	base, _ := Resolve(Wanted{Prompt: "red boat"}, postcards(), 5)
	spec := base.Spec
	spec.Init = &picture.Init{
		Picture: picture.Input{SHA256: hashA, Width: 8, Height: 8}, Mask: &picture.Input{SHA256: hashA, Width: 8, Height: 8},
		Strength: 0.5,
	}
	for name, tt := range map[string]struct {
		asks Wanted
		want float64
		note string
	}{
		"not asked for": {Wanted{Prompt: "boat"}, 0.5, ""},
		"asked for":     {Wanted{Prompt: "boat", Strength: new(0.3)}, 0.3, ""},
		"too much":      {Wanted{Prompt: "boat", Strength: new(3.0)}, 1, "Strength set to 1. Possible: 0.01 to 1."},
		"as a flag":     {Wanted{Prompt: "boat --iw 0"}, 1, ""},
	} {
		got, no := Remix(tt.asks, postcards(), spec, 6)
		if no != nil || got.Spec.Init == nil || got.Spec.Init.Strength != tt.want || got.Spec.Init.Mask == nil ||
			tt.note != "" && !slices.Contains(got.NoteTexts(), tt.note) {
			t.Errorf("%s: got %+v, %q, %v; want strength %g, note %q", name, got.Spec.Init, got.Notes, no, tt.want, tt.note)
		}
	}
	if spec.Init.Strength != 0.5 {
		t.Errorf("the earlier Spec: got strength %g, want 0.5", spec.Init.Strength)
	}
}

// TestRemixWithAnotherModel sees that what was the old model's default becomes the new model's, and what somebody
// chose stays.
func TestRemixWithAnotherModel(t *testing.T) {
	t.Parallel()
	available := anySize()
	first, second := available.Models[0], available.Models[0]
	second.Name, second.Hash, second.NSFW = "Fast", strings.Repeat("f", 64), true
	second.Defaults = Defaults{Size: size(256, 256), Steps: 4, GuidanceScale: 1.5, Sampler: second.Samplers[0]}
	available.Models = []Card{first, second}
	base, _ := Resolve(Wanted{Prompt: "red boat", GuidanceScale: new(9.0)}, available, 5)
	asks := Wanted{Prompt: "blue boat", Model: new("fast")}
	got, no := Remix(asks, available, base.Spec, 6)
	s := got.Spec
	if no != nil || s.Model.Hash != second.Hash || s.Steps != 4 || s.GuidanceScale != 9 || s.Width != 256 ||
		s.Prompt != "blue boat" || got.Card.Name != "Fast" {
		t.Errorf("got %+v, %v; want the second model with 4 steps, guidance 9 and its size", s, no)
	}
	available.Safe = true
	if _, no := Remix(asks, available, base.Spec, 6); no == nil || !strings.Contains(no.Error(), "age-restricted") {
		t.Errorf("a model marked as NSFW: got %v, want a refusal", no)
	}
	available.Models[1].NSFW, available.Models[1].ImageToImage = false, false
	spec := base.Spec
	spec.Init = &picture.Init{Picture: picture.Input{SHA256: hashA, Width: 8, Height: 8}, Strength: 0.5}
	if _, no := Remix(asks, available, spec, 6); no == nil || no.Sentence.String() != "Fast cannot start from an image." {
		t.Errorf("a model without start images: got %v, want a refusal", no)
	}
}
