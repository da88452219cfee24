package sampler

import (
	"context"
	"math"

	"darkroom/render/tensor"
)

// plms is A1111's sampler PLMS, after the CompVis latent-diffusion code: the pseudo linear multistep method of Liu et
// al. (2022), whose first step is a Heun step with two calls. Steps are DDIM's with η = 0; the directions are mixed as
// in pndm.
func plms(r run) stepper {
	var history []tensor.Tensor // directions, the newest first
	return func(ctx context.Context, s Step, x tensor.Tensor) (tensor.Tensor, tensor.Tensor, error) {
		denoised, err := r.Denoise(ctx, x, s)
		if err != nil {
			return tensor.Tensor{}, denoised, err
		}
		history = append([]tensor.Tensor{slope(s.Sigma, x, denoised)}, history...)
		history = history[:min(len(history), 4)]
		mixed := mixSlopes(history)
		if len(history) == 1 {
			ahead := tensor.Sum(1, x, float32(s.NextSigma-s.Sigma), mixed)
			second, err := r.Denoise(
				ctx, ahead, Step{Sigma: s.NextSigma, Timestep: math.Round(r.plan.table.timeOf(s.NextSigma))},
			)
			if err != nil {
				return tensor.Tensor{}, denoised, err
			}
			mixed = tensor.Sum(0.5, mixed, 0.5, slope(s.NextSigma, ahead, second))
		}
		next := tensor.Sum(1, x, float32(s.NextSigma-s.Sigma), mixed)
		return tensor.Scale(next, float32(s.Gain)), denoised, nil
	}
}
