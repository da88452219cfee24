package sampler

import (
	"context"

	"darkroom/render/tensor"
)

// twoCallStepper makes a stepper of a rule that calls the model a second time. The last step, to zero, is an Euler
// step: at the end there is no second call.
func twoCallStepper(
	r run, rule func(ctx context.Context, s Step, x, denoised tensor.Tensor) (tensor.Tensor, error),
) stepper {
	return func(ctx context.Context, s Step, x tensor.Tensor) (next, denoised tensor.Tensor, err error) {
		if denoised, err = r.Denoise(ctx, x, s); err != nil {
			return next, denoised, err
		}
		if s.NextSigma == 0 {
			return towards(0, x, denoised), denoised, nil
		}
		next, err = rule(ctx, s, x, denoised)
		return next, denoised, err
	}
}

// heun is the second-order step of Karras et al. (2022), algorithm 1 without churn: it averages the direction at both
// ends of an Euler step. With d = (x−D)/σ:
//
//	x₂ = x + (σ'−σ)·d,  x' = x + (σ'−σ)·(d + d₂)/2
func heun(r run) stepper {
	return twoCallStepper(r, func(ctx context.Context, s Step, x, denoised tensor.Tensor) (tensor.Tensor, error) {
		ahead := towards(s.NextSigma/s.Sigma, x, denoised)
		second, err := r.denoiseAt(ctx, ahead, s.NextSigma)
		if err != nil {
			return second, err
		}
		return average(s, x, denoised, ahead, second), nil
	})
}

func average(s Step, x, denoised, ahead, second tensor.Tensor) tensor.Tensor {
	both := tensor.Sum(0.5, slope(s.Sigma, x, denoised), 0.5, slope(s.NextSigma, ahead, second))
	return tensor.Sum(1, x, float32(s.NextSigma-s.Sigma), both)
}

// slope is d = (x−D)/σ, the direction of the ordinary differential equation dx/dσ.
func slope(sigma float64, x, denoised tensor.Tensor) tensor.Tensor {
	return tensor.Sum(float32(1/sigma), x, float32(-1/sigma), denoised)
}
