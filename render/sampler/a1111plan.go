package sampler

import "math"

// a1111Schedule is one of A1111's schedules (its sd_schedulers.py), by the ending of a sampler's name. levels lists the
// sigmas from the beginning of the first step to the end of the last.
type a1111Schedule struct {
	suffix string
	levels func(c Config, t table, steps int) []float64
}

// a1111Schedules are all of them except "Normal", which has the same sigmas as "Uniform".
func a1111Schedules() []a1111Schedule {
	down := func(levels func(t table, steps int) []float64) func(Config, table, int) []float64 {
		return func(_ Config, t table, steps int) []float64 { return append(levels(t, steps), 0) }
	}
	return []a1111Schedule{
		{"", down(uniform)},
		{"_karras", down(karras32)},
		{"_exponential", down(exponential)},
		{"_polyexponential", down(polyexponential)},
		{"_sgm_uniform", down(sgmUniform)},
		{"_kl_optimal", func(_ Config, t table, steps int) []float64 { return klOptimal(t, steps) }},
		{"_ays", func(c Config, _ table, steps int) []float64 { return append(align(c, steps), 0) }},
		{"_simple", down(simple)},
		{"_ddim", down(ddimLevels)},
		{"_beta", down(func(t table, steps int) []float64 { return betaLevels(steps, t[0], t.last()) })},
	}
}

// a1111Plan plans a schedule over A1111's table. With discard there is one sigma more, and the last but one is left
// out.
func a1111Plan(by a1111Schedule, discard bool) func(Config, int) Plan {
	return func(c Config, steps int) Plan {
		t := a1111Table(c)
		if !discard {
			return denoiserPlan(t, by.levels(c, t, steps))
		}
		levels := by.levels(c, t, steps+1)
		n := len(levels)
		return denoiserPlan(t, append(levels[:n-2], levels[n-1]))
	}
}

// denoiserPlan gives the model fractional times, as k-diffusion's denoisers do. The last level is the end of the last
// step.
func denoiserPlan(t table, levels []float64) Plan {
	p := Plan{InitNoiseSigma: toFloat32(levels[0]), table: t}
	for i, sigma := range levels[:len(levels)-1] {
		sigma = toFloat32(sigma)
		p.Steps = append(p.Steps, Step{Sigma: sigma, NextSigma: toFloat32(levels[i+1]), Timestep: toFloat32(t.timeOf(sigma))})
	}
	return p
}

// uniform is k-diffusion's DiscreteSchedule.get_sigmas, A1111's "Uniform": times from N−1 to 0, σ interpolated in its
// logarithm.
func uniform(t table, steps int) []float64 { return t.logLevels(steps, steps) }

// sgmUniform is A1111's "SGM Uniform", after Stability AI's generative-models: one time more, without the last.
func sgmUniform(t table, steps int) []float64 { return t.logLevels(steps+1, steps) }

// logLevels divides the times from N−1 to 0 by n entries and gives σ at the first of them.
func (t table) logLevels(n, first int) []float64 {
	times := make([]float64, n)
	linspace32(times, float32(len(t)-1), 0)
	if n == 1 {
		times[0] = float64(len(t) - 1)
	}
	levels := make([]float64, first)
	for i := range levels {
		levels[i] = t.logAt(times[i])
	}
	return levels
}

// klOptimal is A1111's "KL Optimal": even steps of arctan σ, after the lemma on optimal schedules in Align Your Steps
// (Sabour et al., 2024). It ends at the table's first level, not at zero.
func klOptimal(t table, steps int) []float64 {
	low, high := toFloat32(math.Atan(t[0])), toFloat32(math.Atan(t.last()))
	levels := make([]float64, steps+1)
	for i := range levels {
		share := toFloat32(float64(i) / float64(steps))
		levels[i] = toFloat32(math.Tan(toFloat32(toFloat32(share*low) + toFloat32(toFloat32(1-share)*high))))
	}
	return levels
}

// simple is A1111's "Simple": every N/n-th level of the table, from its end.
func simple(t table, steps int) []float64 {
	levels := make([]float64, steps)
	stride := float64(len(t)) / float64(steps)
	for i := range levels {
		levels[i] = t[len(t)-1-int(float64(i)*stride)]
	}
	return levels
}

// ddimLevels is A1111's schedule "DDIM": the levels at times 1, 1+s, 1+2s and so on, with s = N/n rounded down. There
// may be more of them than the requested steps.
func ddimLevels(t table, steps int) []float64 {
	var levels []float64
	for time := 1; time < len(t); time += max(len(t)/steps, 1) {
		levels = append([]float64{t[time]}, levels...)
	}
	return levels
}

// a1111StridePlan is the plan of A1111's DDIM and PLMS: times 1, 1+s, 1+2s and so on. The last step ends at time 1, and
// the latent keeps the noise of that time. An init image gets the noise of one time more than the steps that follow.
func a1111StridePlan(c Config, steps, skip int) Plan {
	t := a1111Table(c)
	var times []float64
	for time := 0; time < c.TrainSteps; time += c.TrainSteps / steps {
		times = append([]float64{min(float64(time+1), float64(c.TrainSteps-1))}, times...)
	}
	p := Plan{InitNoiseSigma: math.Hypot(t.at(times[0]), 1), table: t}
	for i, time := range times[:len(times)-1] {
		p.Steps = append(p.Steps, Step{Sigma: t.at(time), NextSigma: t.at(times[i+1]), Timestep: time})
	}
	setGains(p.Steps)
	if skip > 0 {
		p = p.skipFirst(len(times) - (steps - skip))
		if n := len(p.skippedSigmas); n > 0 { // a plan of one step has no sigma above it
			p.initImageSigma = p.skippedSigmas[n-1]
		}
	}
	return p
}
