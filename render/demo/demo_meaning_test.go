//go:build cgo

package demo_test

import (
	"image"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/folder"
	"darkroom/render/picture"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/prompt"
	"darkroom/render/request"
	"darkroom/render/upscale"
)

const postcards = "postcards"

// probedModel is the loaded demo model, and the probe that classifies its images.
type probedModel struct {
	*probe
	renderer   *render.Renderer
	vocabulary []string
	outpaint   request.OutpaintDefaults
	upscaler   *picture.Ref
	network    upscale.Upscaler
}

func openProbedModel(t *testing.T) *probedModel {
	t.Helper()
	e := pipelinetest.Load(t, postcards)
	return &probedModel{
		openProbe(t), e.Renderer, e.Folder.Card.Vocabulary(), e.Folder.Card.Outpaint, &e.Folder.Upscaler.Ref,
		openUpscaler(t, e.Folder.Upscaler),
	}
}

// fewStepSpec is a Spec in the card's few-step setting.
func fewStepSpec(prompt string, seed int64) picture.Spec {
	return picture.Spec{
		Version: 1, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model:  picture.Ref{Name: postcards, Hash: strings.Repeat("0", 64)},
		Prompt: prompt, Width: side, Height: side, Seed: seed, Count: 1,
		Steps: 4, GuidanceScale: 3, Sampler: "dpmpp_2m",
	}
}

func (s *probedModel) render(t *testing.T, spec picture.Spec) *image.NRGBA {
	t.Helper()
	result, err := s.renderer.Render(t.Context(), spec, render.Job{})
	if err != nil {
		t.Fatal(err)
	}
	return result.Tiles[0].Image
}

// checkFollows renders captions in few steps and wants these shares of the requested attributes right.
func (s *probedModel) checkFollows(t *testing.T, captions []heldOutCaption, want map[string]float64) {
	t.Helper()
	right, of := map[string]int{}, map[string]int{}
	for i, a := range captions {
		shown := s.classify(s.render(t, fewStepSpec(a.Caption, int64(i))))
		for name, answer := range a.Asks {
			of[name]++
			if shown[name] == answer {
				right[name]++
			} else {
				t.Logf("%q: %s is %s", a.Caption, name, shown[name])
			}
		}
	}
	for name, least := range want {
		if of[name] == 0 || float64(right[name]) < least*float64(of[name]) {
			t.Errorf("%s: got %d of %d right, want at least %.0f %%", name, right[name], of[name], 100*least)
		}
	}
}

// TestOwnVocabularyIsKnown checks that captions as in training give no unknown words.
func TestOwnVocabularyIsKnown(t *testing.T) {
	t.Parallel()
	f, err := folder.Open(postcards)
	if err != nil {
		t.Fatal(err)
	}
	all := f.Card.Examples
	for set, count := range map[string]int{"all": 500, "coloured": 100} {
		for _, a := range heldOut(t, set, count, f.Card.Vocabulary()) {
			all = append(all, a.Caption)
		}
	}
	for _, caption := range all {
		if unknown := prompt.UnknownWords(f.Card.Vocabulary(), caption); len(unknown) > 0 {
			t.Errorf("%q: unknown %q", caption, unknown)
		}
	}
}

// TestPromptsAreFollowed checks that the model follows words, on a few dozen captions; the recipe's report has the full
// figures.
func TestPromptsAreFollowed(t *testing.T) {
	t.Parallel()
	s := openProbedModel(t)

	t.Run("four steps render one thing in its place", func(t *testing.T) {
		t.Parallel()
		s.checkFollows(
			t, heldOut(t, "coloured", 24, s.vocabulary), map[string]float64{"subject": 0.9, "colour": 0.9, "setting": 0.9},
		)
	})
	t.Run("four steps render styles, weather and pairs", func(t *testing.T) {
		t.Parallel()
		s.checkFollows(
			t, heldOut(t, "all", 40, s.vocabulary),
			map[string]float64{"subject": 0.75, "colour": 0.8, "style": 0.85, "second": 0.6},
		)
	})
	t.Run("a weight decides between two things", func(t *testing.T) {
		t.Parallel()
		const count = 8
		boats := func(words string) (n int) {
			for seed := range int64(count) {
				if s.classify(s.render(t, fewStepSpec(words, seed)))["subject"] == "boat" {
					n++
				}
			}
			return n
		}
		if more, less := boats("a (boat:1.4) or (heart:0.6)"), boats("a (boat:0.6) or (heart:1.4)"); more < less+count/2 {
			t.Errorf("got %d of %d boats where boats weigh more, %d where they weigh less", more, count, less)
		}
	})
	t.Run("a negative prompt removes its subject", func(t *testing.T) {
		t.Parallel()
		const count = 12
		removed := 0
		for seed := range int64(count) {
			spec := fewStepSpec("a boat or a heart or a tree or a fish", seed)
			spec.Steps = 12 // few leave little room to turn back
			spec.Negative = s.classify(s.render(t, spec))["subject"]
			if after := s.classify(s.render(t, spec))["subject"]; after != spec.Negative {
				removed++
			} else {
				t.Logf("seed %d: still a %s", seed, after)
			}
		}
		if removed < count*2/3 {
			t.Errorf("got %d of %d subjects removed, want at least %d", removed, count, count*2/3)
		}
	})
}
