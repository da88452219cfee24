package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// dpmpp3mSDE is k-diffusion's sample_dpmpp_3m_sde. With g = (1+η)·h, φ₂ = (e^−g−1)/g + 1 and φ₃ = φ₂/g − 1/2 it adds
// φ₂·d₁ − φ₃·d₂ to the shared part, where d₁ and d₂ are the differences of the last three estimates.
func dpmpp3mSDE(r run) stepper {
	noise, eta := r.pathNoise(), r.eta(1)
	var h1, h2 float64
	var one, two tensor.Tensor // the last estimate, and the one before it
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		if s.NextSigma == 0 {
			return denoised
		}
		h := math.Log(s.Sigma) - math.Log(s.NextSigma)
		g := h * (1 + eta)
		next := relax(g, x, denoised)
		phi2 := math.Expm1(-g)/g + 1
		phi3 := phi2/g - 0.5
		switch {
		case h2 != 0:
			d1, d2 := differences(h1/h, h2/h, denoised, one, two)
			next = tensor.Sum(1, tensor.Sum(1, next, float32(phi2), d1), float32(-phi3), d2)
		case h1 != 0:
			next = tensor.Sum(1, next, float32(phi2*h/h1), tensor.Sum(1, denoised, -1, one))
		}
		one, two, h1, h2 = denoised, one, h, h1
		if eta == 0 {
			return next
		}
		return diffuse(s, h*eta, next, noise(s))
	})
}
