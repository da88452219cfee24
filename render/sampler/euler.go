package sampler

import "darkroom/render/tensor"

// euler is the first-order step of Karras et al. (2022), algorithm 2 without churn:
//
//	x' = x + (σ'−σ)·(x−D)/σ
func euler(r run) stepper {
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		return towards(s.NextSigma/s.Sigma, x, denoised)
	})
}

// towards mixes a share of x with the denoised estimate.
func towards(keep float64, x, denoised tensor.Tensor) tensor.Tensor {
	return tensor.Sum(float32(keep), x, float32(1-keep), denoised)
}
