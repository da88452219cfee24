package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// dpmpp2mSDE is k-diffusion's sample_dpmpp_2m_sde with solver_type "midpoint". With g = (1+η)·h, φ = 1−e^−g and
// r = h_last/h:
//
//	x' = (σ'/σ)·e^−ηh·x + φ·D + φ/2r·(D−D_last) + σ'·√(1−e^−2ηh)·noise
func dpmpp2mSDE(r run) stepper { return secondOrderSDE(r, midpointWeight, r.pathNoise()) }

// dpmpp2mSDEHeun is the same with solver_type "heun": φ/2 becomes 1 − φ/g.
func dpmpp2mSDEHeun(r run) stepper { return secondOrderSDE(r, heunWeight, r.pathNoise()) }

// dpmpp2mNoise is diffusers' DPMSolverMultistepScheduler with algorithm_type "sde-dpmsolver++": the same step with
// fresh noise instead of a Brownian path.
func dpmpp2mNoise(r run) stepper {
	return secondOrderSDE(r, midpointWeight, func(Step) tensor.Tensor { return r.Noise() })
}

// pathNoise draws the noise of a step from a Brownian path.
func (r run) pathNoise() func(Step) tensor.Tensor {
	path := r.brownianPath()
	return func(s Step) tensor.Tensor { return path(s.Sigma, s.NextSigma) }
}

func midpointWeight(g float64) float64 { return -math.Expm1(-g) / 2 }
func heunWeight(g float64) float64     { return 1 + math.Expm1(-g)/g }

func secondOrderSDE(r run, weight func(g float64) float64, noise func(Step) tensor.Tensor) stepper {
	var last tensor.Tensor
	var lastH float64
	eta := r.eta(1)
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		if s.NextSigma == 0 {
			return denoised
		}
		h := math.Log(s.Sigma) - math.Log(s.NextSigma)
		g := h * (1 + eta)
		next := relax(g, x, denoised)
		if lastH != 0 {
			w := float32(weight(g) * h / lastH)
			next = tensor.Sum(1, next, w, tensor.Sum(1, denoised, -1, last))
		}
		last, lastH = denoised, h
		if eta == 0 {
			return next
		}
		return diffuse(s, h*eta, next, noise(s))
	})
}

// relax is the part of the step that all these solvers share: e^−g·x + (1−e^−g)·D.
func relax(g float64, x, denoised tensor.Tensor) tensor.Tensor {
	return tensor.Sum(float32(math.Exp(-g)), x, float32(-math.Expm1(-g)), denoised)
}

// diffuse adds the step's noise: σ'·√(1−e^−2h).
func diffuse(s Step, h float64, x, noise tensor.Tensor) tensor.Tensor {
	return tensor.Sum(1, x, float32(s.NextSigma*math.Sqrt(-math.Expm1(-2*h))), noise)
}
