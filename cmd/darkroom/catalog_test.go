//go:build cgo

package main

import (
	"encoding/json"
	"slices"
	"testing"

	"darkroom/render"
	"darkroom/render/golden/goldentest"
	"darkroom/render/pipeline"
	"darkroom/render/request"
)

// TestModelCardByFamily checks the cards of models of other families than the demo model's.
func TestModelCardByFamily(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		sampler  string
		steps    int
		guidance float64
		not      string
		habits   render.Traits
	}{
		goldentest.LCM:  {"lcm", 4, 8, "euler_a", render.Traits{Img2ImgTakesAllSteps: true}},
		goldentest.SDXL: {"euler_a", 0, 5, "lcm", render.Traits{InpaintKeepsRungeKutta: true}},
		goldentest.SD1:  {"euler_a", 0, 0, "tcd", render.Traits{}},
	} {
		f, err := pipeline.Open(goldentest.Model(t, name))
		if err != nil {
			t.Fatal(err)
		}
		var m request.Card
		if err := json.Unmarshal(cardJSON(t, f), &m); err != nil {
			t.Fatal(err)
		}
		d := m.Defaults
		offered := slices.Contains(m.Samplers, want.sampler) && !slices.Contains(m.Samplers, want.not)
		if !offered || d.Steps != want.steps || d.GuidanceScale != want.guidance ||
			d.Size != (request.Size{Width: 64, Height: 64}) || !m.ImageToImage || m.Multiple != 16 || m.Traits != want.habits {
			t.Errorf("%s: got %+v, want %+v at 64x64", name, m, want)
		}
	}
}
