package sampler

import (
	"context"
	"math"

	"darkroom/render/tensor"
)

// In this file λ = −ln σ and h = λ'−λ, as in DPM-Solver++ of Lu et al. (2022).

// dpmpp2m is DPM-Solver++(2M), algorithm 2, in the form of k-diffusion's sample_dpmpp_2m. With r = h_last/h:
//
//	D̃ = (1 + 1/2r)·D − 1/2r·D_last,  x' = (σ'/σ)·x + (1−e^−h)·D̃
//
// The first step, and the one to zero, use D alone.
func dpmpp2m(r run) stepper {
	var last tensor.Tensor
	var lastH float64
	return direct(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		h := math.Log(s.Sigma) - math.Log(s.To)
		mixed := denoised
		if lastH != 0 && s.To > 0 {
			weight := h / (2 * lastH)
			mixed = tensor.Sum(float32(1+weight), denoised, float32(-weight), last)
		}
		last, lastH = denoised, h
		return towards(s.To/s.Sigma, x, mixed)
	})
}

// dpmpp2sAncestral is DPM-Solver++(2S), algorithm 1, down to the lower level of an ancestral step, and fresh noise back
// up (k-diffusion, sample_dpmpp_2s_ancestral). With m = √(σ·σ_down):
//
//	x₂ = (m/σ)·x + (1−m/σ)·D,  x' = (σ_down/σ)·x + (1−σ_down/σ)·D₂ + σ_up·noise
func dpmpp2sAncestral(r run) stepper {
	return twice(r, func(ctx context.Context, s Step, x, denoised tensor.Tensor) (tensor.Tensor, error) {
		down, up := ancestral(s.Sigma, s.To)
		middle := math.Sqrt(s.Sigma * down)
		second, err := r.ask(ctx, towards(middle/s.Sigma, x, denoised), middle)
		if err != nil {
			return second, err
		}
		return tensor.Sum(1, towards(down/s.Sigma, x, second), float32(up), r.Noise()), nil
	})
}
