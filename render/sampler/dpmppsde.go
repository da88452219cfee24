package sampler

import (
	"context"
	"math"

	"darkroom/render/tensor"
)

// The solvers of the stochastic equation, with η = 1 by default, as in k-diffusion. Their noise comes from one Brownian
// path, so that more steps refine an image instead of making another one.

// dpmppSDE is k-diffusion's sample_dpmpp_sde with r = 1/2, and diffusers' DPMSolverSDEScheduler with noise_sampler_seed
// set to the image's: an ancestral step to the geometric mean m of both sigmas, and then from x again the whole step by
// the estimate found there.
func dpmppSDE(r run) stepper {
	path := r.brownianPath()
	eta := r.eta(1)
	return twoCallStepper(r, func(ctx context.Context, s Step, x, denoised tensor.Tensor) (tensor.Tensor, error) {
		from, middle, end := logarithmic(s.Sigma, s.NextSigma)
		leap := func(to float64, estimate tensor.Tensor) tensor.Tensor {
			down, up := ancestral(from, to, eta)
			return tensor.Sum(1, towards(down/from, x, estimate), float32(up), path(from, to))
		}
		second, err := r.denoiseAt(ctx, leap(middle, denoised), middle)
		if err != nil {
			return second, err
		}
		return leap(end, second), nil
	})
}

// logarithmic returns both sigmas and their geometric mean as float32 logarithms give them. The path is read at times
// of six decimals, so the last digit of a sigma matters.
func logarithmic(sigma, to float64) (from, middle, end float64) {
	t, next := -toFloat32(math.Log(sigma)), -toFloat32(math.Log(to))
	s := toFloat32(t + toFloat32(next-t)/2)
	return toFloat32(math.Exp(-t)), toFloat32(math.Exp(-s)), toFloat32(math.Exp(-next))
}
