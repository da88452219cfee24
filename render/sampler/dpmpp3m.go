package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// fewSteps is the number of steps below which diffusers lowers the order of the last but one (lower_order_final).
const fewSteps = 15

// dpmpp3m is DPM-Solver++ of the third order as in diffusers' DPMSolverMultistepScheduler (solver_order 3). With d₁
// and d₂ the first and second difference of the last three estimates:
//
//	x' = (σ'/σ)·x + (1−e^−h)·D + ((e^−h−1)/h + 1)·d₁ − ((e^−h−1+h)/h² − ½)·d₂
func dpmpp3m(r run) stepper {
	return thirdOrder(r, func(s Step, h float64, x, denoised tensor.Tensor) (shared tensor.Tensor, w weights) {
		e := math.Expm1(-h)
		return towards(s.NextSigma/s.Sigma, x, denoised), weights{-e / 2, e/h + 1, -((e+h)/(h*h) - 0.5)}
	})
}

// dpmpp3mNoise is the same with algorithm_type "sde-dpmsolver++": noise in each step, and e^−2h for e^−h. The last
// weight is diffusers' own.
func dpmpp3mNoise(r run) stepper {
	return thirdOrder(r, func(s Step, h float64, x, denoised tensor.Tensor) (shared tensor.Tensor, w weights) {
		e, d := math.Expm1(-2*h), 2*h
		return diffuse(s, h, relax(2*h, x, denoised), r.Noise()), weights{-e / 2, e/d + 1, (-e-d)/(d*d) - 0.5}
	})
}

// weights are those of the difference in a second-order step, and of both differences in a third-order one.
type weights struct{ alone, first, second float64 }

// thirdOrder adds the differences of the last estimates to the part of a step that uses only the newest.
func thirdOrder(r run, part func(s Step, h float64, x, denoised tensor.Tensor) (tensor.Tensor, weights)) stepper {
	var h1, h2 float64
	var one, two tensor.Tensor // the last estimate, and the one before it
	left := len(r.plan.Steps)
	all := left + len(r.plan.skippedSigmas)
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		left--
		if s.NextSigma == 0 {
			return denoised
		}
		h := math.Log(s.Sigma) - math.Log(s.NextSigma)
		next, w := part(s, h, x, denoised)
		switch {
		case h2 != 0 && (left != 1 || all >= fewSteps):
			d1, d2 := differences(h1/h, h2/h, denoised, one, two)
			next = tensor.Sum(1, tensor.Sum(1, next, float32(w.first), d1), float32(w.second), d2)
		case h1 != 0:
			next = tensor.Sum(1, next, float32(w.alone*h/h1), tensor.Sum(1, denoised, -1, one))
		}
		one, two, h1, h2 = denoised, one, h, h1
		return next
	})
}

// differences are the first and second divided difference of three estimates, r₀ and r₁ steps apart.
func differences(r0, r1 float64, d, one, two tensor.Tensor) (first, second tensor.Tensor) {
	near := tensor.Sum(float32(1/r0), d, float32(-1/r0), one)
	far := tensor.Sum(float32(1/r1), one, float32(-1/r1), two)
	gap := tensor.Sum(1, near, -1, far)
	return tensor.Sum(1, near, float32(r0/(r0+r1)), gap), tensor.Scale(gap, float32(1/(r0+r1)))
}
