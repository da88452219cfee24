package render

import (
	"context"
	"fmt"

	"darkroom/render/picture"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// guided tells whether the negative prompt takes part. At a guidance scale of 1 it has no say. Below 1 diffusers leaves
// it out too (do_classifier_free_guidance is scale > 1); A1111 always asks for it, so there it leads below 1.
func (p *painting) guided() bool {
	if p.spec.Dialect == picture.A1111 {
		return p.spec.GuidanceScale != 1
	}
	return p.spec.GuidanceScale > 1
}

// predict returns the model for a group of tiles: classifier-free guidance (Ho and Salimans, 2022) in one batch,
// first all tiles with the negative prompt, then all with the prompt:
//
//	out = negative + scale·(positive − negative)
func (p *painting) predict(tiles int) sampler.Predict {
	unet := p.parts.Unet
	positive := tensor.Repeat(p.text.positive, tiles)
	if !p.guided() {
		return func(ctx context.Context, x tensor.Tensor, time float64) (tensor.Tensor, error) {
			return unet.Unet(ctx, x, time, positive)
		}
	}
	both := stack(tensor.Repeat(p.text.negative, tiles), positive)
	scale := float32(p.spec.GuidanceScale)
	return func(ctx context.Context, x tensor.Tensor, time float64) (tensor.Tensor, error) {
		out, err := unet.Unet(ctx, tensor.Repeat(x, 2), time, both)
		if err != nil {
			return tensor.Tensor{}, err
		}
		if out.Batch() != 2*tiles || len(out.Data) != 2*len(x.Data) {
			return tensor.Tensor{}, fmt.Errorf("the UNet answers shape %v to a batch of two %v", out.Shape, x.Shape)
		}
		return tensor.Lerp(out.Rows(0, tiles), out.Rows(tiles, 2*tiles), scale), nil
	}
}

// stack joins two batches of one shape.
func stack(a, b tensor.Tensor) tensor.Tensor {
	out := tensor.New(append([]int{a.Shape[0] + b.Shape[0]}, a.Shape[1:]...)...)
	copy(out.Data[copy(out.Data, a.Data):], b.Data)
	return out
}
