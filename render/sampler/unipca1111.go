package sampler

import (
	"context"
	"math"

	"darkroom/render/tensor"
)

// unipcA1111 is A1111's sampler UniPC: UniPC of Zhao et al. (2023) of order 3 with B(h) = h ("bh1"), predicting x₀, as
// in its authors' code. See unipc; the order rises over the first steps and falls over the last ones.
func unipcA1111(r run) stepper {
	u := &uniPCOrder3{run: r, left: len(r.plan.Steps)}
	return u.step
}

type uniPCOrder3 struct {
	run
	left, done int
	order      int             // of the last prediction
	lambda     []float64       // −ln σ of the last steps, the newest first
	estimates  []tensor.Tensor // there
	sample     tensor.Tensor   // x at the newest of them, corrected
}

func (u *uniPCOrder3) step(ctx context.Context, s Step, x tensor.Tensor) (tensor.Tensor, tensor.Tensor, error) {
	denoised, err := u.Denoise(ctx, x, s)
	if err != nil {
		return tensor.Tensor{}, denoised, err
	}
	if u.plan.prediction == Velocity {
		denoised = u.velocityEstimate(s, x, denoised)
	}
	lambda := -math.Log(s.Sigma)
	if u.done > 0 {
		x = u.move(lambda, &denoised)
	}
	u.lambda = append([]float64{lambda}, u.lambda...)
	u.estimates = append([]tensor.Tensor{denoised}, u.estimates...)
	u.lambda, u.estimates = u.lambda[:min(len(u.lambda), 3)], u.estimates[:min(len(u.estimates), 3)]
	u.sample = x
	u.done++
	u.order = min(3, u.left, u.done)
	u.left--
	return tensor.Scale(u.move(-math.Log(s.NextSigma), nil), float32(s.Gain)), denoised, nil
}

// velocityEstimate makes the estimate as A1111 does for models that predict the velocity: the noise is computed from
// the output with the table's shares at the time without its fraction.
func (u *uniPCOrder3) velocityEstimate(s Step, x, denoised tensor.Tensor) tensor.Tensor {
	norm := math.Hypot(s.Sigma, 1)
	whole := u.plan.table.at(math.Floor(s.Timestep))
	a, b := 1/math.Hypot(whole, 1), whole/math.Hypot(whole, 1)
	velocity := tensor.Sum(float32(1/(norm*s.Sigma)), x, float32(-norm/s.Sigma), denoised)
	noise := tensor.Sum(float32(a), velocity, float32(b/norm), x)
	return tensor.Sum(1, x, float32(-s.Sigma), noise)
}

// move goes from the newest step to another: x' = (σ'/σ)·x + (1−e^−h)·m₀ + h·Σ ρ_k·(m_k−m₀)/r_k, with r_k = (λ_k−λ₀)/h.
// With the estimate there, it corrects the last prediction.
func (u *uniPCOrder3) move(lambda float64, there *tensor.Tensor) tensor.Tensor {
	h := lambda - u.lambda[0]
	out := towards(math.Exp(-h), u.sample, u.estimates[0])
	var r []float64
	var to []tensor.Tensor
	for k := 1; k < u.order; k++ {
		r, to = append(r, (u.lambda[k]-u.lambda[0])/h), append(to, u.estimates[k])
	}
	if there != nil {
		r, to = append(r, 1), append(to, *there)
	}
	for k, rho := range orderWeights(r, h, there != nil) {
		gain := float32(h * rho / r[k])
		out = tensor.Sum(1, out, 1, tensor.Sum(gain, to[k], -gain, u.estimates[0]))
	}
	return out
}

// orderWeights solves the order conditions Σ_k r_k^(i−1)·ρ_k = b_i of the paper. One share alone is a half.
func orderWeights(r []float64, h float64, corrects bool) []float64 {
	if len(r) == 0 {
		return nil
	}
	if len(r) == 1 && (corrects || r[0] != 1) {
		return []float64{0.5}
	}
	n := len(r)
	rows := make([][]float64, n)
	phi := math.Expm1(-h)/-h - 1
	factorial := 1.0
	for i := range rows {
		for _, rk := range r {
			rows[i] = append(rows[i], math.Pow(rk, float64(i)))
		}
		rows[i] = append(rows[i], phi*factorial/-h)
		factorial *= float64(i + 2)
		phi = phi/-h - 1/factorial
	}
	return solve(rows)
}

// solve solves a small system of linear equations, the right-hand side in the last column, by elimination.
func solve(rows [][]float64) []float64 {
	n := len(rows)
	for i := range n {
		for k := range n {
			if k == i {
				continue
			}
			f := rows[k][i] / rows[i][i]
			for j := i; j <= n; j++ {
				rows[k][j] -= f * rows[i][j]
			}
		}
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = rows[i][n] / rows[i][i]
	}
	return out
}

// unipcA1111Plan is its plan: continuous times evenly from 1 to 1/N, where 1 is the last training step, and ln ᾱ on
// straight lines between the table's entries. It takes as many steps as DDIM's list has times, and ends at the table's
// first level.
func unipcA1111Plan(c Config, steps, skip int) Plan {
	base := a1111StridePlan(c, steps, 0)
	count := len(base.Steps) + 1
	start := float32(1)
	p := Plan{table: base.table}
	if skip > 0 {
		count = max(steps-skip, 3)
		above := max(len(base.Steps)-count, 0) // a short list has nothing above three steps
		first := base.Steps[min(above+1, len(base.Steps)-1)]
		start = float32(first.Timestep)/1000 + float32(0.001)
		p.initImageSigma = base.Steps[above].Sigma
	}
	times := make([]float64, count+1)
	linspace32(times, start, float32(1/float64(c.TrainSteps)))
	levels := make([]float64, count+1)
	for i, t := range times {
		times[i] = toFloat32(toFloat32(t-float64(float32(0.001))) * 1000)
		levels[i] = base.table.atByLogAlphaBar(times[i])
	}
	for i := range count {
		p.Steps = append(p.Steps, Step{Sigma: levels[i], NextSigma: levels[i+1], Timestep: times[i]})
	}
	setGains(p.Steps)
	p.InitNoiseSigma = math.Hypot(levels[0], 1)
	return p
}

// atByLogAlphaBar returns σ at a time, linear in ln ᾱ between two entries.
func (t table) atByLogAlphaBar(time float64) float64 {
	low, weight := t.split(time)
	bar := func(i int) float64 { return -math.Log1p(t[i] * t[i]) }
	log := bar(low)
	if weight != 0 {
		log += weight * (bar(low+1) - log)
	}
	return math.Sqrt(math.Expm1(-log))
}
