package render

import (
	"context"
	"fmt"
	"math"

	"darkroom/render/tensor"
)

// posterior is what the encoder says of a picture's latents [1, c, h, w], in the UNet's scale: they are spread normally.
type posterior struct {
	mean tensor.Tensor
	std  tensor.Tensor // the standard deviation; empty where the encoder does not tell
}

// What the logarithm of a variance is held within, as by diffusers' DiagonalGaussianDistribution.
const minLogVariance, maxLogVariance = -30, 20

// encodePosterior encodes pixels [1, 3, h, w].
func (p *run) encodePosterior(ctx context.Context, pixels tensor.Tensor) (posterior, error) {
	c := p.parts.Config
	out, err := p.encodePixels(ctx, p.encoder, pixels)
	if err != nil {
		return posterior{}, err
	}
	mean := tensor.New(1, c.Channels, pixels.Shape[2]/c.PixelsPerLatent, pixels.Shape[3]/c.PixelsPerLatent)
	both := tensor.Tensor{Shape: []int{1, 2 * c.Channels, mean.Shape[2], mean.Shape[3]}}
	if err := out.Check(); err != nil || !tensor.SameShape(out, mean) && !tensor.SameShape(out, both) {
		return posterior{}, fmt.Errorf("the encoder answers shape %v, want %v or %v", out.Shape, mean.Shape, both.Shape)
	}
	scale := float32(c.ScalingFactor)
	for i := range mean.Data {
		mean.Data[i] = scale * out.Data[i]
	}
	if out.Shape[1] == c.Channels {
		return posterior{mean: mean}, nil
	}
	width := mean.Like()
	for i, log := range out.Data[len(mean.Data):] {
		width.Data[i] = scale * float32(math.Exp(float64(min(max(log, minLogVariance), maxLogVariance))/2))
	}
	return posterior{mean, width}, nil
}

// draw takes latents for each of some standard normal noises [n, c, h, w]: the mean for none.
func (p posterior) sample(noises tensor.Tensor) tensor.Tensor {
	if noises.Empty() {
		return p.mean
	}
	out := tensor.Repeat(p.mean, noises.Batch())
	if p.std.Empty() {
		return out
	}
	plane := len(p.std.Data)
	for i, v := range noises.Data {
		out.Data[i] += float32(p.std.Data[i%plane] * v)
	}
	return out
}
