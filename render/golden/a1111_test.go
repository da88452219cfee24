//go:build cgo

package golden_test

import (
	"fmt"
	"testing"

	"darkroom/render"
	"darkroom/render/golden/goldentest"
	"darkroom/render/picture"
)

// a1111Record is an image that A1111's own files generated (recipe/a1111cases.py).
type a1111Record struct {
	initRecord
	Prompt, Negative string
	Width, Height    int
	Automatic        bool // the schedule was left to A1111
	Hires            *picture.Hires

	index int
}

func (b a1111Record) String() string {
	return fmt.Sprintf("%d/%s/%s/%s/%.24q", b.index, b.Model, b.Given, b.Sampler, b.Prompt)
}

// tolerance is how far an image may be off. An inpainting model without a mask encodes an even grey image, and the tiny
// encoder has groups of one channel, so that it divides by a deviation of nearly nothing: torch's own answers in
// float32 and in float64 are 1e-3 apart.
func (b a1111Record) tolerance() float64 {
	if b.Model == goldentest.Inpaint && b.Given != "mask" {
		return maxGreyError
	}
	return maxA1111Error
}

// TestA1111 compares with A1111's own files: prompts of several chunks, edits with weights, init images and masks at
// several strengths, inpainting models and the hires pass.
func TestA1111(t *testing.T) {
	t.Parallel()
	var all []a1111Record
	r := records{numbers: loadRecords(t, "a1111", &all)}
	with := map[string]*render.Renderer{}
	for i, b := range all {
		b.index, b.Dialect = i, picture.A1111
		if with[b.Model] == nil {
			with[b.Model] = newRenderer(t, loadParts(t, goldentest.Model(t, b.Model)))
		}
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			s, job := b.spec(t)
			s.Prompt, s.Negative, s.Width, s.Height, s.Hires = b.Prompt, b.Negative, b.Width, b.Height, b.Hires
			got, err := with[b.Model].Render(t.Context(), s, job)
			if err != nil {
				t.Fatal(err)
			}
			d := relativeError(got.Latents, r.tensor(b.Latents))
			if allowed := b.tolerance(); !(d <= allowed) {
				t.Errorf("finished latents: off by %.2g of the largest, want at most %v", d, allowed)
			}
		})
	}
	if len(all) < 140 {
		t.Errorf("got %d records, want 140 or more", len(all))
	}
}
