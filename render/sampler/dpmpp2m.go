package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// In this package λ = −ln σ and h = λ'−λ, as in DPM-Solver++ of Lu et al. (2022).

// dpmpp2m is DPM-Solver++(2M), algorithm 2, in the form of k-diffusion's sample_dpmpp_2m. With r = h_last/h:
//
//	D̃ = (1 + 1/2r)·D − 1/2r·D_last,  x' = (σ'/σ)·x + (1−e^−h)·D̃
//
// The first step, and the one to zero, use D alone.
func dpmpp2m(r run) stepper {
	var last tensor.Tensor
	var lastH float64
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		h := math.Log(s.Sigma) - math.Log(s.NextSigma)
		mixed := denoised
		if lastH != 0 && s.NextSigma > 0 {
			weight := h / (2 * lastH)
			mixed = tensor.Sum(float32(1+weight), denoised, float32(-weight), last)
		}
		last, lastH = denoised, h
		return towards(s.NextSigma/s.Sigma, x, mixed)
	})
}
