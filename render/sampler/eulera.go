package sampler

import "darkroom/render/tensor"

// eulerAncestral steps below the next sigma and adds fresh noise (k-diffusion, sample_euler_ancestral), with η = 1 by
// default:
//
//	x' = x + (σ_down−σ)·(x−D)/σ + σ_up·noise
func eulerAncestral(r run) stepper {
	eta := r.eta(1)
	return oneCallStepper(
		r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor { return ancestralStep(r, s, x, denoised, eta) },
	)
}
