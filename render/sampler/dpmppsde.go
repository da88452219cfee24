package sampler

import (
	"context"
	"math"

	"darkroom/render/tensor"
)

// The solvers of the stochastic equation, with η = 1 unless asked for, as in k-diffusion. Their noise belongs to one
// Brownian path, so that more steps refine a picture instead of making another one.

// dpmppSDE is k-diffusion's sample_dpmpp_sde with r = 1/2: an ancestral step to the geometric mean m of both levels, and
// from x again one of the whole way by the estimate found there.
func dpmppSDE(r run) stepper { return stochastic(r, r.path()) }

// dpmppSDEDiffusers is diffusers' DPMSolverSDEScheduler with noise_sampler_seed set to the picture's.
func dpmppSDEDiffusers(r run) stepper { return stochastic(r, r.wholePath()) }

func stochastic(r run, path Path) stepper {
	eta := r.eta(1)
	return twice(r, func(ctx context.Context, s Step, x, denoised tensor.Tensor) (tensor.Tensor, error) {
		from, middle, end := logarithmic(s.Sigma, s.To)
		leap := func(to float64, estimate tensor.Tensor) tensor.Tensor {
			down, up := ancestral(from, to, eta)
			return tensor.Sum(1, towards(down/from, x, estimate), float32(up), path(from, to))
		}
		second, err := r.ask(ctx, leap(middle, denoised), middle)
		if err != nil {
			return second, err
		}
		return leap(end, second), nil
	})
}

// logarithmic returns both levels and the geometric mean between them as they come out of float32 logarithms. The path
// is asked at times of six decimals, so the last digit of a level is not all one to it.
func logarithmic(sigma, to float64) (from, middle, end float64) {
	t, next := -single(math.Log(sigma)), -single(math.Log(to))
	s := single(t + single(next-t)/2)
	return single(math.Exp(-t)), single(math.Exp(-s)), single(math.Exp(-next))
}
