package request

import (
	"reflect"
	"strings"
	"testing"

	"darkroom/render/picture"
)

func TestRemixKeepsUnsaid(t *testing.T) {
	t.Parallel()
	base, _ := Resolve(
		Wanted{
			Prompt:   "red boat",
			Size:     new("160x112"),
			Steps:    new(7),
			Count:    new(1),
			Negative: new("fog"),
			Sampler:  new("ddim"),
		},
		postcards(),
		5,
	)
	spec := base.Spec.Vary(8, 0.5, 1)
	spec.Hires = &picture.Hires{Scale: 2, Steps: 3, Strength: 0.5}
	spec.Init = &picture.Init{Picture: picture.Input{SHA256: hashA, Width: 8, Height: 8}, Strength: 0.5}
	got, no := Remix(Wanted{Prompt: "night sky --steps 9"}, postcards(), spec, 77)
	want := base.Spec
	want.Prompt, want.Steps, want.Seed, want.Init = "night sky", 9, 77, spec.Init
	if no != nil || !reflect.DeepEqual(got.Spec, want) {
		t.Errorf("got %+v, %v; want %+v", got.Spec, no, want)
	}
}

// TestRemixNotation sees that a notation that somebody chose stays with the words of a remix, and that one that was
// detected from the words is detected again.
func TestRemixNotation(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first    string
		chosen   *string
		remix    string
		notation picture.Notation
	}{
		"told anew":              {"red boat", nil, "red:: boat", picture.NotationMidjourney},
		"and back":               {"red:: boat", nil, "red boat", picture.NotationA1111},
		"chosen stays":           {"red:: boat", new("a1111"), "night:: sky", picture.NotationA1111},
		"the other stays, too":   {"red boat", new("midjourney"), "night sky", picture.NotationMidjourney},
		"one that was told both": {"red:: boat", new("midjourney"), "night:: sky", picture.NotationMidjourney},
	} {
		base, _ := Resolve(Wanted{Prompt: tt.first, Notation: tt.chosen}, postcards(), 5)
		got, no := Remix(Wanted{Prompt: tt.remix}, postcards(), base.Spec, 6)
		if no != nil || got.Spec.Notation != tt.notation {
			t.Errorf("%s: got %s, %v, want %s", name, got.Spec.Notation, no, tt.notation)
		}
	}
}

func TestRepaint(t *testing.T) {
	t.Parallel()
	base, _ := Resolve(Wanted{Prompt: "red boat", Size: new("176x96")}, postcards(), 5)
	t.Run("a model that is gone is replaced, and that is said", func(t *testing.T) {
		t.Parallel()
		got, no := Repaint(base.Spec, anySize())
		if no != nil || got.Spec.Model.Hash != hashB || got.Spec.Sampler != "dpmpp_2m_karras" || len(got.Notes) != 1 {
			t.Errorf("got %+v, %v; want the other model with a sampler it has", got, no)
		}
	})
	t.Run("an upscale by a model of one size is refused", func(t *testing.T) {
		t.Parallel()
		s := base.Spec
		s.Hires = &picture.Hires{Scale: 2, Steps: 3, Strength: 0.5}
		o := postcards()
		o.Models[0].Hires = new(false)
		if _, no := Repaint(s, o); no == nil || !strings.Contains(no.Sentence.String(), "cannot upscale") {
			t.Errorf("got %v, want a refusal", no)
		}
		o.Models[0].Hires = new(true)
		if _, no := Repaint(s, o); no != nil {
			t.Errorf("a model that enlarges: got %v, want it allowed", no)
		}
	})
	t.Run("a model that is gone leaves a size that the other one takes", func(t *testing.T) {
		t.Parallel()
		if got, no := Repaint(base.Spec, anySize()); no != nil || got.Spec.Width%64 != 0 || got.Spec.Height%64 != 0 {
			t.Errorf("got %+v, %v; want multiples of 64", got, no)
		}
	})
}
