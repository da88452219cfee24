package render

import (
	"context"
	"math"

	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// maskMode is how the protected part of an image is kept while the rest is generated.
type maskMode int

const (
	// maskNoisedInput shows the model the init image under the noise of the current sigma, the same noise as at the
	// start: diffusers' inpainting with a UNet of 4 channels, which mixes it in after each step.
	maskNoisedInput maskMode = iota
	// maskNoisedAhead does the same, but a call of the model in the middle of a step shows the noise of the next
	// sigma, as some of diffusers' schedulers do: see asksAhead.
	maskNoisedAhead
	// maskEstimate mixes the init image into the model's estimate, as A1111 does.
	maskEstimate
	// maskCleanInput shows the model the init image without any noise, as A1111 does with its samplers that count in
	// timesteps: DDIM, PLMS and UniPC.
	maskCleanInput
	// maskByModel leaves it to the model, which reads the mask: diffusers' inpainting with a UNet of 9 channels.
	maskByModel
)

// maskedLatents is what a mask protects: where the mask is 0, latents stay.
type maskedLatents struct {
	latents *tensor.Tensor // [1 or count, c, h, w]
	mask    *tensor.Tensor // [1, 1, h, w] from 0 to 1; nil for no mask
	mode    maskMode
}

// upscaled is the same for a larger pass.
func (k maskedLatents) upscaled(height, width int) maskedLatents {
	if k.mask == nil {
		return k
	}
	latents, mask := tensor.ResizeBilinear(*k.latents, height, width), tensor.ResizeNearest(*k.mask, height, width)
	return maskedLatents{&latents, &mask, k.mode}
}

// wrapDenoiser makes the denoiser of a masked pass that begins with such noise.
func (k maskedLatents) wrapDenoiser(plan sampler.Plan, noises tensor.Tensor, denoise sampler.Denoise) sampler.Denoise {
	switch k.mode {
	case maskNoisedInput, maskNoisedAhead:
		return k.wrapNoisedInput(plan, noises, denoise)
	case maskEstimate, maskCleanInput:
		return func(ctx context.Context, x tensor.Tensor, s sampler.Step) (tensor.Tensor, error) {
			if k.mode == maskCleanInput { // latents of the variance-preserving form, in the variance-exploding one
				x = k.mix(x, math.Hypot(s.Sigma, 1))
			}
			d, err := denoise(ctx, x, s)
			if err != nil {
				return tensor.Tensor{}, err
			}
			return k.mix(d, 1), nil
		}
	}
	return denoise
}

// wrapNoisedInput restores the protected values before each call of the model. That is enough: only the model reads
// more than one value at a time, so what a sampler does with protected values between two calls does not matter. The
// first call gets what the pass began with.
//
// A value of the mask between 0 and 1 is the share of the steps, the last ones, in which a place is generated (Levin
// and Fried, 2023, "Differential Diffusion").
func (k maskedLatents) wrapNoisedInput(
	plan sampler.Plan, noises tensor.Tensor, denoise sampler.Denoise,
) sampler.Denoise {
	calls, ahead := 0, 0.0
	return func(ctx context.Context, x tensor.Tensor, s sampler.Step) (tensor.Tensor, error) {
		level, done := s.Sigma, shareDone(plan, s.Sigma)
		if startsAt(plan, level) {
			ahead = s.NextSigma
		} else if k.mode == maskNoisedAhead {
			level = ahead
		}
		if calls++; calls > 1 {
			x = k.threshold(x, tensor.Sum(1, *k.latents, float32(level), noises), float32(1-done))
		}
		d, err := denoise(ctx, x, s)
		if err != nil {
			return tensor.Tensor{}, err
		}
		return k.threshold(d, *k.latents, float32(1-done)), nil
	}
}

// shareDone is the share of a plan's steps that begin above a sigma.
func shareDone(plan sampler.Plan, level float64) float64 {
	n := 0
	for _, s := range plan.Steps {
		if s.Sigma > level {
			n++
		}
	}
	return float64(n) / float64(len(plan.Steps))
}

// startsAt says whether a step of the plan begins at a sigma.
func startsAt(plan sampler.Plan, level float64) bool {
	for _, s := range plan.Steps {
		if s.Sigma == level {
			return true
		}
	}
	return false
}

// threshold returns x where the mask is at least least, and kept where it is less or 0.
func (k maskedLatents) threshold(x, kept tensor.Tensor, least float32) tensor.Tensor {
	out := x.Clone()
	plane := len(k.mask.Data)
	for i := range out.Data {
		if m := k.mask.Data[i%plane]; m == 0 || m < least {
			out.Data[i] = kept.Data[i]
		}
	}
	return out
}

// mix returns x·mask + latents·by·(1−mask).
func (k maskedLatents) mix(x tensor.Tensor, by float64) tensor.Tensor {
	out := x.Clone()
	plane := len(k.mask.Data)
	for i, v := range out.Data {
		m := k.mask.Data[i%plane]
		out.Data[i] = float32(v*m) + float32(float32(by)*k.latents.Data[i]*(1-m))
	}
	return out
}

// finish puts the kept latents into finished ones.
func (k maskedLatents) finish(x tensor.Tensor) tensor.Tensor {
	switch k.mode {
	case maskNoisedInput, maskNoisedAhead:
		return k.threshold(x, *k.latents, 0)
	case maskEstimate, maskCleanInput:
		return k.mix(x, 1)
	}
	return x
}
