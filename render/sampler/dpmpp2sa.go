package sampler

import (
	"context"
	"math"

	"darkroom/render/tensor"
)

// dpmpp2sAncestral is DPM-Solver++(2S), algorithm 1, to the lower sigma of an ancestral step, and fresh noise
// (k-diffusion, sample_dpmpp_2s_ancestral), with η = 1 by default. With m = √(σ·σ_down):
//
//	x₂ = (m/σ)·x + (1−m/σ)·D,  x' = (σ_down/σ)·x + (1−σ_down/σ)·D₂ + σ_up·noise
func dpmpp2sAncestral(r run) stepper {
	eta := r.eta(1)
	return twoCallStepper(r, func(ctx context.Context, s Step, x, denoised tensor.Tensor) (tensor.Tensor, error) {
		down, up := ancestral(s.Sigma, s.NextSigma, eta)
		if down == 0 { // an Euler step
			return tensor.Sum(1, denoised, float32(up), r.Noise()), nil
		}
		middle := math.Sqrt(s.Sigma * down)
		second, err := r.denoiseAt(ctx, towards(middle/s.Sigma, x, denoised), middle)
		if err != nil {
			return second, err
		}
		return tensor.Sum(1, towards(down/s.Sigma, x, second), float32(up), r.Noise()), nil
	})
}
