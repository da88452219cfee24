package render

import (
	"fmt"
	"math"
	"testing"

	"darkroom/render/family"
	"darkroom/render/picture"
)

// TestEffortCountsUnetCalls counts the UNet calls of samplers that depend on a model's traits.
func TestEffortCountsUnetCalls(t *testing.T) {
	t.Parallel()
	inputs := inputStore{}
	start := inputs.add(t, twoColours(64, 48, red, green))
	mask := inputs.add(t, windowMask())
	for _, from := range []*picture.Init{
		nil, {Picture: start, Strength: 0.5}, {Picture: start, Mask: &mask, Strength: 0.5},
	} {
		for _, h := range []Traits{
			{}, {Img2ImgTakesAllSteps: true}, {RungeKutta: true}, {RungeKutta: true, InpaintKeepsRungeKutta: true},
		} {
			for _, name := range []string{"lcm", "tcd", "pndm", "ddim"} {
				t.Run(fmt.Sprintf("%s %+v %+v", name, h, from), func(t *testing.T) {
					t.Parallel()
					fake := &fakeModel{}
					parts := fake.parts()
					parts.Tokenizers, parts.Config.Distillation = tokenizers(t), asConsistency(name == "lcm" || name == "tcd")
					parts.Config.Sampler.Img2ImgTakesAllSteps, parts.Config.Sampler.RungeKutta = h.Img2ImgTakesAllSteps, h.RungeKutta
					if h.InpaintKeepsRungeKutta {
						parts.Config.Family = family.SDXL
					}
					if got := parts.Config.Traits(); got != h {
						t.Fatalf("got the traits %+v, want %+v", got, h)
					}
					r, err := New(parts, Options{})
					if err != nil {
						t.Fatal(err)
					}
					s := boatSpec()
					s.Sampler, s.Steps, s.GuidanceScale, s.Init = name, 8, 7, from
					mustRender(t, r, s, Job{Input: inputs.find})
					calls := float64(fake.unetRuns.Load())
					if got := Effort(s, h) / (64 * 48 / 1e6); math.Abs(got-calls) > 1e-9 {
						t.Errorf("got the effort of %v calls, want that of the %v that were made", got, calls)
					}
				})
			}
		}
	}
}
