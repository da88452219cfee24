package sampler

import (
	"context"
	"math"

	"darkroom/render/tensor"
)

// dpm2 is DPM-Solver-2 of Lu et al. (2022) as in k-diffusion's sample_dpm_2: the direction is that at the geometric
// mean of both sigmas.
//
//	m = √(σσ'),  x₂ = x + (m−σ)·d,  x' = x + (σ'−σ)·d₂
func dpm2(r run) stepper {
	return twoCallStepper(r, func(ctx context.Context, s Step, x, denoised tensor.Tensor) (tensor.Tensor, error) {
		return r.midpoint(ctx, s.Sigma, s.NextSigma, x, denoised)
	})
}

func (r run) midpoint(ctx context.Context, from, to float64, x, denoised tensor.Tensor) (tensor.Tensor, error) {
	middle := math.Sqrt(from * to)
	ahead := towards(middle/from, x, denoised)
	second, err := r.denoiseAt(ctx, ahead, middle)
	if err != nil {
		return second, err
	}
	return tensor.Sum(1, x, float32(to-from), slope(middle, ahead, second)), nil
}
