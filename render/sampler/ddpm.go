package sampler

import "darkroom/render/tensor"

// ddpm is the ancestral sampler of Ho et al. (2020), algorithm 2 with the smaller of the two variances (diffusers'
// "fixed_small"). In the variance-exploding form that is the ancestral Euler step.
func ddpm(r run) stepper {
	return oneCallStepper(
		r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor { return ancestralStep(r, s, x, denoised, 1) },
	)
}
