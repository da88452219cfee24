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
	f, h, w := r.parts.Config.PixelsPerLatent, latents.Shape[2], latents.Shape[3]
	inTiles := func() (tensor.Tensor, error) {
		t := vaeTiles{side: r.vaeTileSide() / f, out: r.vaeTileSide()}
		if d == r.parts.Decoder {
			return t.run(ctx, latents, r.tryTile(d.DecodeLatents))
		}
		// A seamless decoder would pad circularly in each tile. The usual one is shown what lies beyond the edges
		// instead.
		out, err := t.run(ctx, wrapEdges(latents, wrapMargin), r.tryTile(r.parts.Decoder.DecodeLatents))
		if err != nil {
			return out, err
		}
		return tensor.Crop(out, wrapMargin*f, wrapMargin*f, h*f, w*f), nil
	}
	if r.exceedsVAE(h*w, f) {
		return inTiles()
	}
	return r.tryWhole(ctx, "decoder", &r.memory.decoder, h*w, [2]int{w * f, h * f}, inTiles,
		func() (tensor.Tensor, error) { return d.DecodeLatents(ctx, latents) })
}

// tryWhole runs a half of the VAE on a whole image of so many places, and in tiles where memory runs out or ran out
// before.
func (r *Renderer) tryWhole(
	ctx context.Context, half string, limit *int64, places int, size [2]int, inTiles, whole func() (tensor.Tensor, error),
) (out tensor.Tensor, err error) {
	fixed := r.parts.Config.FixedSize
	if !fixed && r.memory.exceeds(limit, int64(places)) {
		return inTiles()
	}
	err = r.memory.try(ctx, fixed, func() error {
		out, err = whole()
		return err
	})
	if !errors.Is(err, tensor.ErrOutOfMemory) || fixed {
		return out, err
	}
	markLowMemory(ctx)
	if r.memory.lower(limit, int64(places)) {
		noteMemory(ctx, "the VAE's %s works in tiles of %d×%d from now on, at %d×%d and above", half, r.vaeTileSide(),
			r.vaeTileSide(), size[0], size[1])
	}
	return inTiles()
}

// tryTile runs a network on a tile, of which there are no smaller ones.
func (r *Renderer) tryTile(
	network func(context.Context, tensor.Tensor) (tensor.Tensor, error),
) func(context.Context, tensor.Tensor) (tensor.Tensor, error) {
	return func(ctx context.Context, tile tensor.Tensor) (out tensor.Tensor, err error) {
		err = r.memory.try(ctx, true, func() error {
			out, err = network(ctx, tile)
			return err
		})
		return out, err
	}
}

// encodePixels runs an encoder, in tiles where the image is large or memory runs out.
func (r *Renderer) encodePixels(ctx context.Context, e Encoder, pixels tensor.Tensor) (tensor.Tensor, error) {
	h, w := pixels.Shape[2], pixels.Shape[3]
	inTiles := func() (tensor.Tensor, error) {
		f := r.parts.Config.PixelsPerLatent
		t := vaeTiles{side: r.vaeTileSide(), out: r.vaeTileSide() / f}
		if e == r.parts.Encoder {
			return t.run(ctx, pixels, r.tryTile(e.EncodeImage))
		}
		// As with seamless decoders, above.
		out, err := t.run(ctx, wrapEdges(pixels, wrapMargin*f), r.tryTile(r.parts.Encoder.EncodeImage))
		if err != nil {
			return out, err
		}
		return tensor.Crop(out, wrapMargin, wrapMargin, h/f, w/f), nil
	}
	if r.exceedsVAE(h*w, 1) {
		return inTiles()
	}
	return r.tryWhole(ctx, "encoder", &r.memory.encoder, h*w, [2]int{w, h}, inTiles,
		func() (tensor.Tensor, error) { return e.EncodeImage(ctx, pixels) })
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
