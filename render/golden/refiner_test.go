//go:build cgo

package golden_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline/pipelinetest"
)

// refinerRecord is what diffusers made with SDXL's refiner alone (recipe/refiner.py).
type refinerRecord struct {
	initRecord
	Negative string
}

// TestRefiner compares finished latents of a refiner, as a file and as a folder, with those of diffusers: start images
// at three strengths, a mask, with and without a negative prompt, which has an aesthetic score of its own.
func TestRefiner(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	var all []refinerRecord
	numbers := loadRecords(t, "refiner", &all)
	for _, name := range []string{goldentest.CheckpointRefiner, goldentest.CheckpointRefinerFolder} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pipelinetest.LoadOn(t, goldentest.Checkpoint(t, name), onnx.Device{Kind: onnx.CPU, Threads: 2})
			for _, c := range all {
				t.Run(fmt.Sprintf("%s %s %v %v %q", c.Given, c.Sampler, c.Strength, c.Guidance, c.Negative), func(t *testing.T) {
					c.Dialect = picture.Diffusers
					s, job := c.spec(t)
					s.Negative = c.Negative
					result, err := p.Render(t.Context(), s, job)
					if err != nil {
						t.Fatal(err)
					}
					if d := relativeError(result.Latents, unpack(numbers, c.Latents)); !(d <= maxCheckpointError) {
						t.Errorf("finished latents: off by %.2g of the largest, want at most %v", d, maxCheckpointError)
					}
				})
			}
		})
	}
	if len(all) != 7 {
		t.Errorf("got %d records, want 7", len(all))
	}
}

// TestRefinerRefusesLoRA: a LoRA for SDXL is refused by the names of both families.
func TestRefinerRefusesLoRA(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	device := onnx.Device{Kind: onnx.CPU, Threads: 2}
	path := goldentest.Checkpoint(t, goldentest.CheckpointRefiner)
	p := pipelinetest.LoadWith(t, path, device, goldenLoRAs(t, goldentest.LoRASDXLA))
	s, job := initRecord{Dialect: picture.Diffusers, Given: "image", Sampler: "euler", Steps: 3, Strength: 0.3}.spec(t)
	s.Addons = loraOf(goldentest.LoRASDXLA, 1)
	var refusal *render.Refusal
	if _, err := p.Render(t.Context(), s, job); !errors.As(err, &refusal) ||
		!strings.Contains(refusal.Sentence, "is a LoRA for SDXL, and this model is SDXL refiner") {
		t.Errorf("got %v, want a refusal", err)
	}
}
