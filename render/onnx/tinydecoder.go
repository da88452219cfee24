package onnx

import (
	"context"
	"fmt"

	"darkroom/render/tensor"
)

// TinyDecoder is a model's tiny decoder.
type TinyDecoder struct{ model *Model }

// TinyDecoder returns the tiny decoder; nil when the folder has none.
func (m *Model) TinyDecoder() *TinyDecoder {
	if m.tinyDecoder == nil {
		return nil
	}
	return &TinyDecoder{m}
}

// DecodeLatents turns latents [b,4,h,w] as the sampler leaves them into pixels [b,3,8h,8w] in −1..1.
func (t *TinyDecoder) DecodeLatents(ctx context.Context, latents tensor.Tensor) (tensor.Tensor, error) {
	if err := latents.Check(); err != nil || len(latents.Shape) != 4 {
		return tensor.Tensor{}, fmt.Errorf("decode preview: latents %v, want [b,4,h,w]", latents.Shape)
	}
	m, own := t.model, t.model.Folder.TinyDecoder
	f := m.Folder.Config.PixelsPerLatent
	latents = tensor.Scale(latents, float32(1/own.ScalingFactor))
	out := tensor.New(latents.Shape[0], 3, latents.Shape[2]*f, latents.Shape[3]*f)
	err := m.tinyDecoder.inBatches(latents.Batch(), func(from, to int) error {
		in, err := m.tinyDecoder.feed(own.Latent, latents.Rows(from, to))
		return m.tinyDecoder.callSingle(ctx, own.Pixels, out.Rows(from, to), err, in)
	})
	if own.ZeroToOne {
		for i, v := range out.Data {
			out.Data[i] = 2*v - 1
		}
	}
	return withStep(out, "decode preview", err)
}
