package sampler

import "darkroom/render/tensor"

// ddim is the sampler of Song et al. (2020), equation 12, with η = 0 by default. With σ_t(η) of equation 16:
//
//	z' = √ᾱ'·D + √(1−ᾱ'−σ_t²)·(z − √ᾱ·D)/√(1−ᾱ) + σ_t·noise
//
// In the variance-exploding form that is an Euler step, or an ancestral one with noise. The gain then carries z, not x,
// to the next step, and z is the result.
func ddim(r run) stepper {
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		down, up := ancestral(s.Sigma, s.NextSigma, r.eta(0))
		x = towards(down/s.Sigma, x, denoised)
		if up > 0 {
			x = tensor.Sum(1, x, float32(up), r.Noise())
		}
		return tensor.Scale(x, float32(s.Gain))
	})
}
