package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// eulerAncestral steps further down than asked and climbs back on fresh noise (k-diffusion, sample_euler_ancestral
// with η = 1):
//
//	σ_up² = σ'²(σ²−σ'²)/σ²,  σ_down² = σ'²−σ_up²,  x' = x + (σ_down−σ)·(x−D)/σ + σ_up·noise
func eulerAncestral(noise func() tensor.Tensor) stepper {
	return func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		up := min(s.To, math.Sqrt(s.To*s.To*(s.Sigma*s.Sigma-s.To*s.To))/s.Sigma)
		down := math.Sqrt(max(s.To*s.To-up*up, 0))
		x = towards(down/s.Sigma, x, denoised)
		if s.To == 0 {
			return x // no noise is drawn: nobody reads the generator after the last step
		}
		return tensor.Sum(1, x, float32(up), noise())
	}
}
