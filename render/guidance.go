package render

import (
	"context"
	"fmt"
	"math"

	"darkroom/render/picture"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// guided says whether the negative prompt takes part. At a guidance scale of 1 it has no effect, unless several
// prompts are composed or one has a weight. Below 1 diffusers leaves it out too (do_classifier_free_guidance is scale
// > 1); A1111 always runs it, so there it counts below 1. A model that takes the guidance scale as an input needs
// none.
func (p *run) guided() bool {
	if p.parts.Config.GuidesItself() {
		return false
	}
	if len(p.terms) > 1 || p.terms[0].Weight != 1 {
		return true
	}
	if p.spec.Dialect == picture.A1111 {
		return p.spec.GuidanceScale != 1
	}
	return p.spec.GuidanceScale > 1
}

// predictor returns the model, with guidance, for a group of tiles in one pass. Every call of it counts as one of the
// calls that prompt editing counts.
func (p *run) predictor(prompts passConditioning, tiles int) sampler.Predict {
	call := -1
	var key string // of the texts that conditionings hold
	var conditionings []Conditioning
	return func(ctx context.Context, x tensor.Tensor, time float64) (tensor.Tensor, error) {
		call++
		if now := prompts.key(call); call == 0 || now != key {
			key, conditionings = now, p.conditioningsFor(prompts, call, tiles, prompts.seen(x))
		}
		var outputs []tensor.Tensor
		for _, conditioning := range conditionings {
			out, err := p.runUnet(ctx, x, prompts, time, conditioning)
			if err != nil {
				return out, err
			}
			outputs = append(outputs, out)
		}
		out := tensor.Stack(outputs...)
		if out.Batch() == tiles {
			return out, nil
		}
		return p.applyGuidance(prompts, out, tiles), nil
	}
}

// seen is the height and width of the latents that the UNet sees at once.
func (t passConditioning) seen(x tensor.Tensor) []int {
	if t.tiling.Width == 0 {
		return x.Shape[2:]
	}
	return []int{min(t.tiling.Height, x.Shape[2]), min(t.tiling.Width, x.Shape[3])}
}

// runUnet runs the UNet on latents x, repeated for each prompt of a conditioning: on the whole, or in tiles.
func (p *run) runUnet(
	ctx context.Context, x tensor.Tensor, prompts passConditioning, time float64, conditioning Conditioning,
) (tensor.Tensor, error) {
	if n := conditioning.Hidden.Batch() / x.Batch(); n > 1 {
		x = tensor.Repeat(x, n)
	}
	seen := prompts.seen(x)
	unet := p.unetFor(seen[0], seen[1])
	predict := func(ctx context.Context, part tensor.Tensor) (tensor.Tensor, error) {
		return unet.Unet(ctx, part, time, conditioning)
	}
	if prompts.tiling.Width > 0 {
		predict = func(ctx context.Context, whole tensor.Tensor) (tensor.Tensor, error) {
			return prompts.tiling.Run(ctx, whole, func(ctx context.Context, part tensor.Tensor) (tensor.Tensor, error) {
				return unet.Unet(ctx, part, time, conditioning)
			})
		}
	}
	out, err := predict(ctx, appendChannels(x, prompts.inpaintChannels))
	if err != nil {
		return out, err
	}
	if len(out.Shape) != 4 || out.Batch() != x.Batch() {
		return tensor.Tensor{}, fmt.Errorf("the UNet returns shape %v for a batch of %v", out.Shape, x.Shape)
	}
	return out, nil
}

// applyGuidance is classifier-free guidance (Ho and Salimans, 2022), towards several prompts where AND composes them
// (Liu et al., 2022). The batch holds all tiles with the negative prompt, then all tiles with each prompt:
//
//	out = negative + Σ scale·weight·(positive − negative)
func (p *run) applyGuidance(prompts passConditioning, out tensor.Tensor, tiles int) tensor.Tensor {
	negative := out.Rows(0, tiles)
	var guided tensor.Tensor
	for i, t := range prompts.terms {
		positive, by := out.Rows((i+1)*tiles, (i+2)*tiles), float32(p.spec.GuidanceScale*t.weight)
		if i == 0 {
			guided = tensor.Lerp(negative, positive, by)
			continue
		}
		guided = tensor.Sum(1, guided, by, tensor.Sum(1, positive, -1, negative))
	}
	if p.spec.Rescale > 0 {
		return rescale(guided, out.Rows(tiles, 2*tiles), p.spec.Rescale)
	}
	return guided
}

// rescale takes back the contrast that guidance adds: Lin et al. (2023), "Common Diffusion Noise Schedules and Sample
// Steps Are Flawed", section 3.4, as diffusers' rescale_noise_cfg computes it. For each image of the batch
//
//	out = φ·guided·std(positive)/std(guided) + (1−φ)·guided
//
// where positive is what the model predicts with the (first) prompt alone.
func rescale(guided, positive tensor.Tensor, share float64) tensor.Tensor {
	out := guided.Like()
	for i := range guided.Batch() {
		from, to := guided.Row(i).Data, out.Row(i).Data
		gain := float32(share*deviation(positive.Row(i).Data)/deviation(from) + 1 - share)
		for k, v := range from {
			to[k] = gain * v
		}
	}
	return out
}

// deviation is the standard deviation of a sample, as torch's std computes it: over n − 1.
func deviation(values []float32) float64 {
	var mean, squares float64
	for _, v := range values {
		mean += float64(v) / float64(len(values))
	}
	for _, v := range values {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	return math.Sqrt(squares / float64(len(values)-1))
}
