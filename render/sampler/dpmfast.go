package sampler

import (
	"context"
	"math"

	"darkroom/render/tensor"
)

// dpmFast is k-diffusion's sample_dpm_fast: DPM-Solver of Lu et al. (2022), singlestep, of the third order except at
// the end, in even steps of λ. With noise (A1111 has η = 1) each step ends lower and adds noise, as in ancestral.
func dpmFast(r run) stepper {
	eta, floor := r.eta(1), r.plan.minSigma()
	return func(ctx context.Context, s Step, x tensor.Tensor) (tensor.Tensor, tensor.Tensor, error) {
		down, up := ancestralAbove(floor, s.Sigma, s.NextSigma, eta)
		solver := newSinglestep(r, x, s.Sigma, down)
		next, err := solver.solve(ctx, s.Order)
		if err != nil {
			return next, next, err
		}
		if eta > 0 {
			next = tensor.Sum(1, next, float32(up), r.Noise())
		}
		return next, solver.denoised, nil
	}
}

// ancestralAbove is ancestral, but never below the last sigma.
func ancestralAbove(floor, from, to, eta float64) (down, up float64) {
	if eta == 0 {
		return to, 0
	}
	down, _ = ancestral(from, to, eta)
	down = max(down, floor)
	return down, math.Sqrt(max(to*to-down*down, 0))
}

// singlestep is one step of DPM-Solver in the variance-exploding form, where ε = (x−D)/σ. It keeps the results of its
// calls.
type singlestep struct {
	run
	x                                      tensor.Tensor
	from, to, h                            float64
	denoised                               tensor.Tensor // at the beginning
	eps                                    tensor.Tensor // there
	third, twoThirds                       tensor.Tensor // ε there
	startKnown, thirdKnown, twoThirdsKnown bool
}

func newSinglestep(r run, x tensor.Tensor, from, to float64) *singlestep {
	return &singlestep{run: r, x: x, from: from, to: to, h: math.Log(from) - math.Log(to)}
}

func (s *singlestep) solve(ctx context.Context, order int) (tensor.Tensor, error) {
	switch order {
	case 1:
		return s.first(ctx)
	case 2:
		return s.second(ctx, 0.5)
	}
	return s.thirdOrder(ctx)
}

// begin calls the model at the beginning, once.
func (s *singlestep) begin(ctx context.Context) (err error) {
	if s.startKnown {
		return nil
	}
	s.startKnown = true
	if s.denoised, err = s.denoiseAt(ctx, s.x, s.from); err == nil {
		s.eps = slope(s.from, s.x, s.denoised)
	}
	return err
}

// first is x₁ = x − σ'·(e^h−1)·ε.
func (s *singlestep) first(ctx context.Context) (tensor.Tensor, error) {
	if err := s.begin(ctx); err != nil {
		return tensor.Tensor{}, err
	}
	return s.along(1), nil
}

// along advances a share of the step by ε alone.
func (s *singlestep) along(share float64) tensor.Tensor {
	sigma := s.at(share)
	return tensor.Sum(1, s.x, float32(-sigma*math.Expm1(share*s.h)), s.eps)
}

// at is σ at a share of the step.
func (s *singlestep) at(share float64) float64 { return s.from * math.Exp(-share*s.h) }

// second calls the model again after a share r of the step: x₂ = x₁ − σ'/2r·(e^h−1)·(ε_r−ε).
func (s *singlestep) second(ctx context.Context, share float64) (tensor.Tensor, error) {
	x, err := s.first(ctx)
	if err != nil {
		return x, err
	}
	if !s.thirdKnown {
		s.thirdKnown = true
		if s.third, err = s.slopeAt(ctx, s.along(share), share); err != nil {
			return x, err
		}
	}
	gain := -s.to / (2 * share) * math.Expm1(s.h)
	return tensor.Sum(1, x, float32(gain), tensor.Sum(1, s.third, -1, s.eps)), nil
}

func (s *singlestep) slopeAt(ctx context.Context, x tensor.Tensor, share float64) (tensor.Tensor, error) {
	sigma := s.at(share)
	denoised, err := s.denoiseAt(ctx, x, sigma)
	if err != nil {
		return denoised, err
	}
	return slope(sigma, x, denoised), nil
}

// thirdOrder calls the model after a third and after two thirds of the step, with φ(h) = (e^h−1)/h − 1:
//
//	u = x − σ_⅔·(e^⅔h−1)·ε − 2σ_⅔·φ(⅔h)·(ε_⅓−ε),  x₃ = x₁ − (3/2)·σ'·φ(h)·(ε_⅔−ε)
func (s *singlestep) thirdOrder(ctx context.Context) (tensor.Tensor, error) {
	const third, twoThirds = 1.0 / 3, 2.0 / 3
	if _, err := s.second(ctx, third); err != nil {
		return tensor.Tensor{}, err
	}
	phi := func(h float64) float64 { return math.Expm1(h)/h - 1 }
	if !s.twoThirdsKnown {
		s.twoThirdsKnown = true
		gain := -s.at(twoThirds) * 2 * phi(twoThirds*s.h)
		u := tensor.Sum(1, s.along(twoThirds), float32(gain), tensor.Sum(1, s.third, -1, s.eps))
		var err error
		if s.twoThirds, err = s.slopeAt(ctx, u, twoThirds); err != nil {
			return u, err
		}
	}
	gain := -s.to / twoThirds * phi(s.h)
	return tensor.Sum(1, s.along(1), float32(gain), tensor.Sum(1, s.twoThirds, -1, s.eps)), nil
}

// dpmFastPlan makes n/3+1 steps with n calls in total, from the table's last sigma to its first, or over the part of
// the uniform schedule that img2img samples.
func dpmFastPlan(c Config, steps, skip int) Plan {
	t := a1111Table(c)
	high, low, n := logRange(t, steps, skip)
	count := n/3 + 1
	p := logSteps(t, high, low, count)
	for i := range p.Steps {
		p.Steps[i].Order = 3
	}
	if last := n % 3; last > 0 {
		p.Steps[count-1].Order = last
	} else {
		p.Steps[count-2].Order, p.Steps[count-1].Order = 2, 1
	}
	return p
}

// logRange is what A1111 gives DPM fast and DPM adaptive: the first sigma, the last one, and a number of steps.
func logRange(t table, steps, skip int) (high, low float64, n int) {
	levels := uniform(t, steps)
	skip = min(max(skip, 0), steps-1)
	if skip == 0 {
		return levels[0], t[0], steps
	}
	return levels[skip], levels[steps-1], steps - skip
}

// logSteps divides a range evenly in ln σ.
func logSteps(t table, high, low float64, count int) Plan {
	logs := make([]float64, count+1)
	linspace32(logs, float32(-math.Log(high)), float32(-math.Log(low)))
	levels := make([]float64, count+1)
	for i, l := range logs {
		levels[i] = toFloat32(math.Exp(-l))
	}
	return denoiserPlan(t, levels)
}
