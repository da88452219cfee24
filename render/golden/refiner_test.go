//go:build cgo

package golden_test

import (
	"fmt"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/tensor"
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

// maxRefinerFormError is how far a folder may be off a file: the latter has its last projection transposed, so that a
// product is added up in another order.
const maxRefinerFormError = 1e-5

// TestRefinerForms: a refiner as a file and as a folder gives the same finished latents, from words alone too, of which
// there is no reference: diffusers' pipeline for words takes no aesthetic score.
func TestRefinerForms(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	var loaded []*pipeline.Pipeline
	for _, name := range []string{goldentest.CheckpointRefiner, goldentest.CheckpointRefinerFolder} {
		loaded = append(loaded, pipelinetest.Load(t, goldentest.Checkpoint(t, name)))
	}
	seen := map[string]string{}
	for what, change := range map[string]func(*picture.Spec){
		"text":   func(*picture.Spec) {},
		"a1111":  func(s *picture.Spec) { s.Dialect = picture.A1111 },
		"zeros":  func(s *picture.Spec) { s.Dialect, s.Negative = picture.A1111, "" },
		"tiling": func(s *picture.Spec) { s.Tiling = true },
		"two":    func(s *picture.Spec) { s.Count = 2 },
		"hires": func(s *picture.Spec) {
			s.Dialect = picture.A1111
			s.Hires = &picture.Hires{Scale: 2, Strength: 0.5, Steps: 2}
		},
	} {
		var each []tensor.Tensor
		for _, p := range loaded {
			s, job := initRecord{Dialect: picture.Diffusers, Sampler: "euler", Steps: 3, Strength: 1, Guidance: 5}.spec(t)
			change(&s)
			result, err := p.Render(t.Context(), s, job)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			each = append(each, result.Latents)
		}
		if d := relativeError(each[0], each[1]); !(d <= maxRefinerFormError) {
			t.Errorf("%s: the folder's latents are off those of the file by %.2g of the largest, want at most %v", what, d,
				maxRefinerFormError)
		}
		key := fmt.Sprint(each[0].Shape, each[0].Data[:4])
		if other := seen[key]; other != "" {
			t.Errorf("%s gives the same as %s", what, other)
		}
		seen[key] = what
	}
}
