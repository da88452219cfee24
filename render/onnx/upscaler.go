package onnx

import (
	"context"
	"fmt"

	"darkroom/render/tensor"
)

// Upscaler is a model's network for larger images. It implements upscale.Upscaler.
type Upscaler struct{ model *Model }

// Upscaler returns the upscaler; nil when the folder has none.
func (m *Model) Upscaler() *Upscaler {
	if m.upscaler == nil {
		return nil
	}
	return &Upscaler{m}
}

// Scale is how many times larger its images are.
func (u *Upscaler) Scale() int { return u.model.Folder.Upscaler.Scale }

// Multiple is what the sides of an image must be multiples of.
func (u *Upscaler) Multiple() int { return u.model.Folder.Upscaler.Multiple }

// Upscale enlarges RGB [b,3,h,w] from 0 to 1.
func (u *Upscaler) Upscale(ctx context.Context, pixels tensor.Tensor) (tensor.Tensor, error) {
	if err := pixels.Check(); err != nil || len(pixels.Shape) != 4 {
		return tensor.Tensor{}, fmt.Errorf("upscale: pixels %v, want [b,3,h,w]", pixels.Shape)
	}
	own, session, scale := u.model.Folder.Upscaler, u.model.upscaler, u.Scale()
	out := tensor.New(pixels.Shape[0], 3, pixels.Shape[2]*scale, pixels.Shape[3]*scale)
	err := session.inBatches(pixels.Batch(), func(from, to int) error {
		in, err := session.feed(own.Image, pixels.Rows(from, to))
		return session.callSingle(ctx, own.Enlarged, out.Rows(from, to), err, in)
	})
	return withStep(out, "upscale", err)
}
