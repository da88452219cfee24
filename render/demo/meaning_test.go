//go:build cgo

package demo_test

import (
	"image"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/easel/easeltest"
	"darkroom/render/picture"
)

const folder = "postcards"

// studio is the demo model, loaded, and the judge of its pictures.
type studio struct {
	*judge
	renderer   *render.Renderer
	vocabulary []string
}

func openStudio(t *testing.T) *studio {
	t.Helper()
	e := easeltest.Load(t, folder)
	return &studio{openJudge(t), e.Renderer, e.Folder.Card.Vocabulary()}
}

// few is a Spec in the card's few-step setting.
func few(prompt string, seed int64) picture.Spec {
	return picture.Spec{
		Version: 1, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model:  picture.Ref{Name: folder, Hash: strings.Repeat("0", 64)},
		Prompt: prompt, Width: side, Height: side, Seed: seed, Count: 1,
		Steps: 4, GuidanceScale: 3, Sampler: "dpmpp_2m",
	}
}

func (s *studio) paint(t *testing.T, spec picture.Spec) *image.NRGBA {
	t.Helper()
	result, err := s.renderer.Paint(t.Context(), spec, render.Job{})
	if err != nil {
		t.Fatal(err)
	}
	return result.Tiles[0].Image
}

// TestMeaning sees that the model follows words, on a few dozen captions; the recipe's report has the full figures.
func TestMeaning(t *testing.T) {
	t.Parallel()
	s := openStudio(t)

	t.Run("four steps paint what held-out captions ask for", func(t *testing.T) {
		t.Parallel()
		const count = 30
		right := map[string]int{}
		for i, a := range heldOut(t, "coloured", count, s.vocabulary) {
			shown := s.read(s.paint(t, few(a.Caption, int64(i))))
			for name, answer := range a.Asks {
				if shown[name] == answer {
					right[name]++
				} else {
					t.Logf("%q: %s is %s", a.Caption, name, shown[name])
				}
			}
		}
		for name, least := range map[string]int{"subject": 24, "colour": 26, "setting": 26} {
			if right[name] < least {
				t.Errorf("%s: got %d of %d right, want at least %d", name, right[name], count, least)
			}
		}
	})
	t.Run("a negative prompt removes its subject", func(t *testing.T) {
		t.Parallel()
		const count = 12
		removed := 0
		for seed := range int64(count) {
			spec := few("a boat or a heart or a tree or a fish", seed)
			spec.Steps = 12 // few leave little room to turn back
			spec.Negative = s.read(s.paint(t, spec))["subject"]
			if after := s.read(s.paint(t, spec))["subject"]; after != spec.Negative {
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
