package render

import (
	"context"
	"math"

	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// holding is how the protected part of a picture is kept while the rest is painted.
type holding int

const (
	// holdInput shows the model the start picture under the noise of the level it is asked at, the same noise as at the
	// start: diffusers' inpainting with a UNet of 4 channels, which mixes it in after each step.
	holdInput holding = iota
	// holdAhead does so, but where the model is asked between two steps it is shown the noise of the step's end, as
	// diffusers' KDPM2 schedulers do.
	holdAhead
	// holdEstimate mixes the start picture into what the model estimates, as A1111 does.
	holdEstimate
	// holdClean shows the model the start picture without any noise, as A1111 does with its samplers that count in
	// timesteps: DDIM, PLMS and UniPC.
	holdClean
	// holdNothing leaves it to the model, which was told the mask: diffusers' inpainting with a UNet of 9 channels.
	holdNothing
)

// keep is what a mask protects: where the mask is 0, latents stay.
type keep struct {
	latents *tensor.Tensor // [1 or count, c, h, w]
	mask    *tensor.Tensor // [1, 1, h, w] from 0 to 1; nil for no mask
	how     holding
}

// enlarged is the same for a larger walk.
func (k keep) enlarged(height, width int) keep {
	if k.mask == nil {
		return k
	}
	latents, mask := enlarge(*k.latents, height, width), repeatNearest(*k.mask, height, width)
	return keep{&latents, &mask, k.how}
}

// hold makes the denoiser of a masked walk that begins with such noise.
func (k keep) hold(plan sampler.Plan, noises tensor.Tensor, denoise sampler.Denoise) sampler.Denoise {
	switch k.how {
	case holdInput, holdAhead:
		return k.holdInput(plan, noises, denoise)
	case holdEstimate, holdClean:
		return func(ctx context.Context, x tensor.Tensor, s sampler.Step) (tensor.Tensor, error) {
			if k.how == holdClean { // the preserving frame's latents, in the exploding one
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

// holdInput: only the model looks beyond a single value, so what a sampler does with the protected values between two
// calls of it is of no account, and it is enough to put them right before each call. The first call sees what the walk
// began with.
//
// A value of the mask between 0 and 1 is the share of the walk, its last, in which a place is painted (Levin and Fried,
// 2023, "Differential Diffusion").
func (k keep) holdInput(plan sampler.Plan, noises tensor.Tensor, denoise sampler.Denoise) sampler.Denoise {
	calls, ahead := 0, 0.0
	return func(ctx context.Context, x tensor.Tensor, s sampler.Step) (tensor.Tensor, error) {
		level, done := s.Sigma, walked(plan, s.Sigma)
		if visits(plan, level) {
			ahead = s.To
		} else if k.how == holdAhead {
			level = ahead
		}
		if calls++; calls > 1 {
			x = k.blend(x, tensor.Sum(1, *k.latents, float32(level), noises), float32(1-done))
		}
		d, err := denoise(ctx, x, s)
		if err != nil {
			return tensor.Tensor{}, err
		}
		return k.blend(d, *k.latents, float32(1-done)), nil
	}
}

// walked is the share of a plan's steps that begin above a level.
func walked(plan sampler.Plan, level float64) float64 {
	n := 0
	for _, s := range plan.Steps {
		if s.Sigma > level {
			n++
		}
	}
	return float64(n) / float64(len(plan.Steps))
}

// visits tells whether a step of the plan begins at a level.
func visits(plan sampler.Plan, level float64) bool {
	for _, s := range plan.Steps {
		if s.Sigma == level {
			return true
		}
	}
	return false
}

// blend returns x where the mask is at least so much, and kept where it is less or 0.
func (k keep) blend(x, kept tensor.Tensor, least float32) tensor.Tensor {
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
func (k keep) mix(x tensor.Tensor, by float64) tensor.Tensor {
	out := x.Clone()
	plane := len(k.mask.Data)
	for i, v := range out.Data {
		m := k.mask.Data[i%plane]
		out.Data[i] = float32(v*m) + float32(float32(by)*k.latents.Data[i]*(1-m))
	}
	return out
}

// finish puts the kept latents into finished ones.
func (k keep) finish(x tensor.Tensor) tensor.Tensor {
	switch k.how {
	case holdInput, holdAhead:
		return k.blend(x, *k.latents, 0)
	case holdEstimate, holdClean:
		return k.mix(x, 1)
	}
	return x
}
