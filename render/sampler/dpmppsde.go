package sampler

import (
	"context"
	"math"

	"darkroom/render/tensor"
)

// The solvers of the stochastic equation, with η = 1, as in k-diffusion. Their noise belongs to one Brownian path, so
// that more steps refine a picture instead of making another one.

// dpmppSDE is k-diffusion's sample_dpmpp_sde with r = 1/2: an ancestral step to the geometric mean m of both levels,
// and from x again one of the whole way by the estimate found there.
func dpmppSDE(r run) stepper {
	path := r.path()
	return twice(r, func(ctx context.Context, s Step, x, denoised tensor.Tensor) (tensor.Tensor, error) {
		from, middle, end := logarithmic(s.Sigma, s.To)
		leap := func(to float64, estimate tensor.Tensor) tensor.Tensor {
			down, up := ancestral(from, to)
			return tensor.Sum(1, towards(down/from, x, estimate), float32(up), path(from, to))
		}
		second, err := r.ask(ctx, leap(middle, denoised), middle)
		if err != nil {
			return second, err
		}
		return leap(end, second), nil
	})
}

// logarithmic returns both levels and the geometric mean between them as they come out of float32 logarithms. The path
// is asked at times of six decimals, so the last digit of a level is not all one to it.
func logarithmic(sigma, to float64) (from, middle, end float64) {
	t, next := -single(math.Log(sigma)), -single(math.Log(to))
	s := single(t + single(next-t)/2)
	return single(math.Exp(-t)), single(math.Exp(-s)), single(math.Exp(-next))
}

// dpmpp2mSDE is k-diffusion's sample_dpmpp_2m_sde with solver_type "midpoint". With φ = 1−e^−2h and r = h_last/h:
//
//	x' = (σ'/σ)·e^−h·x + φ·D + φ/2r·(D−D_last) + σ'·√(1−e^−2h)·noise
func dpmpp2mSDE(r run) stepper {
	path := r.path()
	return secondOrderSDE(r, midpointWeight, func(s Step) tensor.Tensor { return path(s.Sigma, s.To) })
}

// dpmpp2mSDEHeun is the same with solver_type "heun": φ/2 becomes 1 − φ/2h.
func dpmpp2mSDEHeun(r run) stepper {
	path := r.path()
	return secondOrderSDE(r, heunWeight, func(s Step) tensor.Tensor { return path(s.Sigma, s.To) })
}

// dpmpp2mNoise is diffusers' DPMSolverMultistepScheduler with algorithm_type "sde-dpmsolver++": the same step with fresh
// noise instead of a path.
func dpmpp2mNoise(r run) stepper {
	return secondOrderSDE(r, midpointWeight, func(Step) tensor.Tensor { return r.Noise() })
}

func midpointWeight(h float64) float64 { return -math.Expm1(-2*h) / 2 }
func heunWeight(h float64) float64     { return 1 + math.Expm1(-2*h)/(2*h) }

func secondOrderSDE(r run, weight func(h float64) float64, noise func(Step) tensor.Tensor) stepper {
	var last tensor.Tensor
	var lastH float64
	return direct(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		if s.To == 0 {
			return denoised
		}
		h := math.Log(s.Sigma) - math.Log(s.To)
		next := relax(s, h, x, denoised)
		if lastH != 0 {
			w := float32(weight(h) * h / lastH)
			next = tensor.Sum(1, next, w, tensor.Sum(1, denoised, -1, last))
		}
		last, lastH = denoised, h
		return diffuse(s, h, next, noise(s))
	})
}

// relax is the part of the step that all these solvers share: (σ'/σ)·e^−h·x + (1−e^−2h)·D.
func relax(s Step, h float64, x, denoised tensor.Tensor) tensor.Tensor {
	return tensor.Sum(float32(s.To/s.Sigma*math.Exp(-h)), x, float32(-math.Expm1(-2*h)), denoised)
}

// diffuse adds the step's noise: σ'·√(1−e^−2h).
func diffuse(s Step, h float64, x, noise tensor.Tensor) tensor.Tensor {
	return tensor.Sum(1, x, float32(s.To*math.Sqrt(-math.Expm1(-2*h))), noise)
}

// dpmpp3mSDE is k-diffusion's sample_dpmpp_3m_sde. With h₂ = 2h, φ₂ = (e^−h₂−1)/h₂ + 1 and φ₃ = φ₂/h₂ − 1/2 it adds
// φ₂·d₁ − φ₃·d₂ to the shared part, where d₁ and d₂ are the differences of the last three estimates.
func dpmpp3mSDE(r run) stepper {
	path := r.path()
	var h1, h2 float64
	var one, two tensor.Tensor // the last estimate, and the one before it
	return direct(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		if s.To == 0 {
			return denoised
		}
		h := math.Log(s.Sigma) - math.Log(s.To)
		next := relax(s, h, x, denoised)
		phi2 := math.Expm1(-2*h)/(2*h) + 1
		phi3 := phi2/(2*h) - 0.5
		switch {
		case h2 != 0:
			d1, d2 := differences(h1/h, h2/h, denoised, one, two)
			next = tensor.Sum(1, tensor.Sum(1, next, float32(phi2), d1), float32(-phi3), d2)
		case h1 != 0:
			next = tensor.Sum(1, next, float32(phi2*h/h1), tensor.Sum(1, denoised, -1, one))
		}
		one, two, h1, h2 = denoised, one, h, h1
		return diffuse(s, h, next, path(s.Sigma, s.To))
	})
}

// differences are the first and second divided difference of three estimates, r₀ and r₁ steps apart.
func differences(r0, r1 float64, d, one, two tensor.Tensor) (first, second tensor.Tensor) {
	near := tensor.Sum(float32(1/r0), d, float32(-1/r0), one)
	far := tensor.Sum(float32(1/r1), one, float32(-1/r1), two)
	gap := tensor.Sum(1, near, -1, far)
	return tensor.Sum(1, near, float32(r0/(r0+r1)), gap), tensor.Scale(gap, float32(1/(r0+r1)))
}
