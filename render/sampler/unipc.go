package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// unipc is UniPC of Zhao et al. (2023), "A Unified Predictor-Corrector Framework", of order 2 with B(h) = e^−h − 1
// ("bh2"), predicting x₀, as in diffusers' UniPCMultistepScheduler. Each estimate first corrects the step that led to
// it, then predicts the next one.
func unipc(r run) stepper {
	u := &uniPCOrder2{left: len(r.plan.Steps)}
	return oneCallStepper(r, u.step)
}

type uniPCOrder2 struct {
	left        int             // steps to go, this one included
	order       int             // of the last prediction
	stepsBehind int             // steps done, as far as they count
	sigma       []float64       // of the last two steps, the newest first
	estimates   []tensor.Tensor // there
	sample      tensor.Tensor   // x at the newest of them, corrected
}

func (u *uniPCOrder2) step(s Step, x, denoised tensor.Tensor) tensor.Tensor {
	if len(u.sigma) > 0 {
		x = u.correct(s, denoised)
	}
	u.sigma = append([]float64{s.Sigma}, u.sigma...)
	u.estimates = append([]tensor.Tensor{denoised}, u.estimates...)
	u.sigma, u.estimates = u.sigma[:min(len(u.sigma), 2)], u.estimates[:min(len(u.estimates), 2)]
	u.sample = x
	u.order = min(2, u.left, u.stepsBehind+1)
	u.left, u.stepsBehind = u.left-1, min(u.stepsBehind+1, 2)
	return u.predict(s.NextSigma)
}

// predict goes from the newest step to a sigma: x' = (σ'/σ)·x − (e^−h−1)·(m₀ + ½·(m₁−m₀)/r).
func (u *uniPCOrder2) predict(to float64) tensor.Tensor {
	mixed := u.estimates[0]
	if u.order == 2 {
		mixed = tensor.Sum(1, mixed, 0.5, u.difference(to))
	}
	return towards(to/u.sigma[0], u.sample, mixed)
}

// difference is (m₁−m₀)/r with r = (λ₁−λ₀)/h.
func (u *uniPCOrder2) difference(to float64) tensor.Tensor {
	r := math.Log(u.sigma[0]/u.sigma[1]) / math.Log(u.sigma[0]/to)
	return tensor.Sum(float32(1/r), u.estimates[1], float32(-1/r), u.estimates[0])
}

// correct repeats the last step with the estimate at its end. In order 1 that counts a half; in order 2 the
// weights ρ of both differences solve R·ρ = b, with R = [1 1; r 1] and b the first two φ functions of the paper.
func (u *uniPCOrder2) correct(s Step, denoised tensor.Tensor) tensor.Tensor {
	news := tensor.Sum(1, denoised, -1, u.estimates[0])
	mixed := tensor.Sum(1, u.estimates[0], 0.5, news)
	if u.order == 2 {
		h := math.Log(u.sigma[0] / s.Sigma)
		r := math.Log(u.sigma[0]/u.sigma[1]) / h
		b1, b2 := phi(-h)
		old := (b1 - b2) / (1 - r)
		mixed = tensor.Sum(1, u.estimates[0], float32(old), u.difference(s.Sigma))
		mixed = tensor.Sum(1, mixed, float32(b1-old), news)
	}
	return towards(s.Sigma/u.sigma[0], u.sample, mixed)
}

// phi returns the right-hand side of the order conditions for B(h) = e^k − 1, k = −h.
func phi(k float64) (b1, b2 float64) {
	e := math.Expm1(k)
	p2 := e/k - 1
	p3 := p2/k - 0.5
	return p2 / e, 2 * p3 / e
}
