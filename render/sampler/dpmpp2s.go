package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// dpmpp2s is DPM-Solver++(2S) as in diffusers' DPMSolverSinglestepScheduler with two orders: every second step starts
// again where the one before it began, with both estimates. With h over both steps and r = h₀/h:
//
//	x' = (σ'/σ₁)·x₁ + (1−e^−h)·(D₁ + (D−D₁)/2r)
//
// The last step is of the first order, and so is one whose predecessor img2img left out.
func dpmpp2s(r run) stepper {
	var began, first tensor.Tensor
	var level float64 // σ where the pair of steps began
	i := len(r.plan.skippedSigmas) - 1
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		i++
		if i%2 == 0 || s.NextSigma == 0 || level == 0 {
			began, first, level = x, denoised, s.Sigma
			return towards(s.NextSigma/s.Sigma, x, denoised)
		}
		weight := math.Log(level/s.NextSigma) / (2 * math.Log(level/s.Sigma))
		return towards(s.NextSigma/level, began, tensor.Sum(float32(1-weight), first, float32(weight), denoised))
	})
}
