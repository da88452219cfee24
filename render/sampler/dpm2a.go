package sampler

import (
	"context"

	"darkroom/render/tensor"
)

// dpm2Ancestral is dpm2 to the lower sigma of an ancestral step, and fresh noise (k-diffusion, sample_dpm_2_ancestral),
// with η = 1 by default.
func dpm2Ancestral(r run) stepper {
	eta := r.eta(1)
	return twoCallStepper(r, func(ctx context.Context, s Step, x, denoised tensor.Tensor) (tensor.Tensor, error) {
		down, up := ancestral(s.Sigma, s.NextSigma, eta)
		if down == 0 { // an Euler step, and k-diffusion adds no noise to it
			return denoised, nil
		}
		next, err := r.midpoint(ctx, s.Sigma, down, x, denoised)
		if err != nil {
			return next, err
		}
		return tensor.Sum(1, next, float32(up), r.Noise()), nil
	})
}
