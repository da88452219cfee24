package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// ancestral splits the way from one level to a lower one (k-diffusion, get_ancestral_step with η = 1): down to where
// the deterministic part ends, and the deviation of the noise that leads back up.
//
//	σ_up² = σ'²(σ²−σ'²)/σ²,  σ_down² = σ'²−σ_up²
func ancestral(from, to float64) (down, up float64) {
	up = min(to, math.Sqrt(to*to*(from*from-to*to))/from)
	return math.Sqrt(max(to*to-up*up, 0)), up
}

// eulerAncestral steps further down than asked and climbs back on fresh noise (k-diffusion, sample_euler_ancestral):
//
//	x' = x + (σ_down−σ)·(x−D)/σ + σ_up·noise
func eulerAncestral(r run) stepper { return direct(r, ancestralRule(r)) }

func ancestralRule(r run) func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
	return func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		down, up := ancestral(s.Sigma, s.To)
		x = towards(down/s.Sigma, x, denoised)
		if s.To == 0 {
			return x // no noise is drawn: nobody reads the generator after the last step
		}
		return tensor.Sum(1, x, float32(up), r.Noise())
	}
}
