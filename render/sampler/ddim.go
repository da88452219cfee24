package sampler

import "darkroom/render/tensor"

// ddim is the deterministic sampler of Song et al. (2020), equation 12 with η = 0:
//
//	z' = √ᾱ'·D + √(1−ᾱ')·(z − √ᾱ·D)/√(1−ᾱ)
//
// In the exploding frame that is an Euler step. The gain then carries z, not x, over to the next step, and leaves z
// as the result.
func ddim(func() tensor.Tensor) stepper {
	return func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		return tensor.Scale(towards(s.To/s.Sigma, x, denoised), float32(s.Gain))
	}
}
