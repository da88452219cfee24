package sampler

import "darkroom/render/tensor"

// ddim is the deterministic sampler of Song et al. (2020), equation 12 with η = 0:
//
//	z' = √ᾱ'·D + √(1−ᾱ')·(z − √ᾱ·D)/√(1−ᾱ)
//
// In the exploding frame that is an Euler step. The gain then carries z, not x, over to the next step, and leaves z
// as the result.
func ddim(r run) stepper {
	return direct(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		return tensor.Scale(towards(s.To/s.Sigma, x, denoised), float32(s.Gain))
	})
}

// ddpm is the ancestral sampler of Ho et al. (2020), algorithm 2 with the smaller of the two variances (diffusers'
// "fixed_small"). In the exploding frame that is the ancestral Euler step.
func ddpm(r run) stepper { return eulerAncestral(r) }
