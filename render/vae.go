package render

import (
	"context"
	"errors"
	"fmt"
	"math"

	"darkroom/render/tensor"
)

// toPixels runs a decoder on latents as the sampler leaves them. A network in float16 may overflow: then there is no
// image, and another attempt would give none either.
func (r *Renderer) toPixels(ctx context.Context, d Decoder, latents tensor.Tensor) (tensor.Tensor, error) {
	r.decoderMu.Lock()
	defer r.decoderMu.Unlock()
	pixels, err := r.decodeLatents(ctx, d, tensor.Scale(latents, float32(1/r.parts.Config.ScalingFactor)))
	if err != nil {
		return tensor.Tensor{}, err
	}
	if err := pixels.Check(); err != nil || len(pixels.Shape) != 4 || pixels.Shape[1] != 3 ||
		pixels.Batch() != latents.Batch() {
		return tensor.Tensor{}, fmt.Errorf("the decoder returns shape %v for latents of %v", pixels.Shape, latents.Shape)
	}
	if !pixels.Finite() {
		return tensor.Tensor{}, refuse("the model produced no image (not a number)")
	}
	return pixels, nil
}

// decodeLatents runs a decoder on latents in its own scale, in tiles where the image is large or memory runs out.
func (r *Renderer) decodeLatents(ctx context.Context, d Decoder, latents tensor.Tensor) (tensor.Tensor, error) {
	inTiles := func() (tensor.Tensor, error) {
		t := vaeTiles{side: r.vaeTileSide() / r.parts.Config.PixelsPerLatent, out: r.vaeTileSide()}
		if d == r.parts.Decoder {
			return t.run(ctx, latents, d.DecodeLatents)
		}
		// A seamless decoder would pad circularly in each tile. The usual one is shown what lies beyond the edges
		// instead.
		out, err := t.run(ctx, wrapEdges(latents, wrapMargin), r.parts.Decoder.DecodeLatents)
		if err != nil {
			return out, err
		}
		f := r.parts.Config.PixelsPerLatent
		return tensor.Crop(out, wrapMargin*f, wrapMargin*f, latents.Shape[2]*f, latents.Shape[3]*f), nil
	}
	if r.exceedsVAE(latents.Shape[2]*latents.Shape[3], r.parts.Config.PixelsPerLatent) {
		return inTiles()
	}
	out, err := d.DecodeLatents(ctx, latents)
	if errors.Is(err, tensor.ErrOutOfMemory) && !r.parts.Config.FixedSize {
		markLowMemory(ctx)
		return inTiles()
	}
	return out, err
}

// encodePixels runs an encoder, in tiles where the image is large or memory runs out.
func (r *Renderer) encodePixels(ctx context.Context, e Encoder, pixels tensor.Tensor) (tensor.Tensor, error) {
	inTiles := func() (tensor.Tensor, error) {
		f := r.parts.Config.PixelsPerLatent
		t := vaeTiles{side: r.vaeTileSide(), out: r.vaeTileSide() / f}
		if e == r.parts.Encoder {
			return t.run(ctx, pixels, e.EncodeImage)
		}
		// As with seamless decoders, above.
		out, err := t.run(ctx, wrapEdges(pixels, wrapMargin*f), r.parts.Encoder.EncodeImage)
		if err != nil {
			return out, err
		}
		return tensor.Crop(out, wrapMargin, wrapMargin, pixels.Shape[2]/f, pixels.Shape[3]/f), nil
	}
	if r.exceedsVAE(pixels.Shape[2]*pixels.Shape[3], 1) {
		return inTiles()
	}
	out, err := e.EncodeImage(ctx, pixels)
	if errors.Is(err, tensor.ErrOutOfMemory) && !r.parts.Config.FixedSize {
		markLowMemory(ctx)
		return inTiles()
	}
	return out, err
}

// exceedsVAE says whether so many cells of factor × factor pixels are more than go through the VAE at once. A model
// of one size takes only that size, so no tiles of it.
func (r *Renderer) exceedsVAE(cells, factor int) bool {
	return !r.parts.Config.FixedSize && cells*factor*factor > r.options.VAEPixels
}

// vaeTileSide is the side of a tile in pixels: a multiple of four latents, of which one is the overlap.
func (r *Renderer) vaeTileSide() int {
	four := 4 * r.parts.Config.PixelsPerLatent
	return max(r.options.VAETileSide/four, 1) * four
}

// posterior is what the encoder says of an image's latents [1, c, h, w], in the UNet's scale: a normal distribution.
type posterior struct {
	mean tensor.Tensor
	std  tensor.Tensor // the standard deviation; empty where the encoder does not give it
}

// The limits of the logarithm of a variance, as in diffusers' DiagonalGaussianDistribution.
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
		return posterior{}, fmt.Errorf("the encoder returns shape %v, want %v or %v", out.Shape, mean.Shape, both.Shape)
	}
	scale := float32(c.ScalingFactor)
	for i := range mean.Data {
		mean.Data[i] = scale * out.Data[i]
	}
	if out.Shape[1] == c.Channels {
		return posterior{mean: mean}, nil
	}
	std := mean.Like()
	for i, log := range out.Data[len(mean.Data):] {
		std.Data[i] = scale * float32(math.Exp(float64(min(max(log, minLogVariance), maxLogVariance))/2))
	}
	return posterior{mean, std}, nil
}

// sample draws latents, one for each of some standard normal noises [n, c, h, w]. Without noises it returns the mean.
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
