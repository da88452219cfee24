package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// tcd samples by strategic stochastic sampling (Zheng et al., 2024, "Trajectory Consistency Distillation", algorithm 4)
// with γ = η, 0.3 by default: to the time (1−γ)·t', and then with fresh noise to t'. The last step ends at
// the table's first sigma and adds none.
func tcd(r run) stepper {
	keep := float32(1 - r.eta(0.3))
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		time := math.Round(r.plan.table.timeOf(s.NextSigma))
		low := r.plan.table.at(math.Floor(float64(keep * float32(time))))
		x = towards(low/s.Sigma, x, denoised)
		if s.Gain != 0 {
			return tensor.Scale(x, float32(s.Gain))
		}
		if low == s.NextSigma {
			return x
		}
		return tensor.Sum(1, x, float32(math.Sqrt(s.NextSigma*s.NextSigma-low*low)), r.Noise())
	})
}
