package sampler

import "math"

// almostAll is the strength A1111 takes for "all of it".
const almostAll = 0.999

// ddimPlan is that of diffusers' DDIMScheduler. A step ends N/n training steps lower whatever the spacing is, and
// the last one at the table's first level, or at zero with SetAlphaToOne.
func ddimPlan(c Config, steps int) Plan {
	t := diffusersTable(c)
	var times []float64
	switch c.spacing(Leading) {
	case Linspace:
		times = roundAll(linspaceTimes(c, steps, 0))
	case Trailing:
		times = trailingTimes(c, steps)
	default:
		times = leadingTimes(c, steps)
	}
	p := Plan{Start: math.Hypot(t.at(times[0]), 1)}
	for _, time := range times {
		to := time - float64(c.TrainSteps/steps)
		s := Step{Sigma: t.at(time), Time: time, To: t.at(max(to, 0))}
		if to < 0 && c.SetAlphaToOne {
			s.To = 0
		}
		p.Steps = append(p.Steps, s)
	}
	joinSteps(p.Steps)
	return p
}

// joinSteps sets the gains of a DDIM plan: what keeps z = x/√(σ²+1) the same where the next step does not begin at
// the level that the last one ended on, and what turns the final x into z.
func joinSteps(steps []Step) {
	for i := range steps {
		next := 1.0
		if i+1 < len(steps) {
			next = math.Hypot(steps[i+1].Sigma, 1)
		}
		steps[i].Gain = next / math.Hypot(steps[i].To, 1)
	}
}

// eulerPlan is that of diffusers' EulerDiscreteScheduler and EulerAncestralDiscreteScheduler: linspace times keep
// their fraction, and the start noise is scaled by √(σ²+1) with leading spacing, by σ with the others.
func eulerPlan(c Config, steps int) Plan {
	t := diffusersTable(c)
	times := linspaceTimes(c, steps, 0)
	switch c.spacing(Linspace) {
	case Leading:
		times = leadingTimes(c, steps)
	case Trailing:
		times = trailingTimes(c, steps)
	default:
		for i, time := range times {
			times[i] = single(time)
		}
	}
	levels := make([]float64, len(times))
	for i, time := range times {
		levels[i] = t.at(time)
	}
	p := chain(levels, times)
	p.Start = levels[0]
	if c.spacing(Linspace) == Leading {
		p.Start = math.Hypot(levels[0], 1)
	}
	return p
}

// multistepPlan is that of diffusers' DPMSolverMultistepScheduler: one more time than steps is laid out, and the
// last is left away.
func multistepPlan(c Config, steps int) Plan {
	t := diffusersTable(c)
	var times []float64
	switch c.spacing(Linspace) {
	case Leading:
		times = leadingBy(c, steps+1, c.TrainSteps/(steps+1))[:steps]
	case Trailing:
		times = trailingTimes(c, steps)
	default:
		times = roundAll(linspaceTimes(c, steps, 1))
	}
	levels := make([]float64, len(times))
	for i, time := range times {
		levels[i] = t.at(time)
	}
	p := chain(levels, times)
	p.Start = math.Hypot(levels[0], 1)
	return p
}

// multistepKarrasPlan is the same scheduler with use_karras_sigmas: the range is the whole table's, whatever the
// spacing, and the model is told whole times.
func multistepKarrasPlan(c Config, steps int) Plan {
	t := diffusersTable(c)
	levels := karras(steps, t[0], t.last())
	times := make([]float64, len(levels))
	for i, sigma := range levels {
		times[i] = math.RoundToEven(t.time(sigma))
	}
	p := chain(levels, times)
	p.Start = math.Hypot(levels[0], 1)
	return p
}

// uniformPlan is k-diffusion's DiscreteSchedule.get_sigmas, A1111's "Automatic": times from N−1 to 0, σ
// interpolated in its logarithm.
func uniformPlan(c Config, steps int) Plan {
	t := a1111Table(c)
	levels := make([]float64, steps)
	linspace32(levels, float32(c.TrainSteps-1), 0)
	if steps == 1 {
		levels[0] = float64(c.TrainSteps - 1)
	}
	for i, time := range levels {
		levels[i] = t.logAt(time)
	}
	return denoiserPlan(t, levels)
}

// karrasPlan is k-diffusion's get_sigmas_karras over the whole table.
func karrasPlan(c Config, steps int) Plan {
	t := a1111Table(c)
	return denoiserPlan(t, karras(steps, t[0], t.last()))
}

// denoiserPlan tells the model fractional times, as k-diffusion's denoisers do.
func denoiserPlan(t table, levels []float64) Plan {
	times := make([]float64, len(levels))
	for i, sigma := range levels {
		times[i] = single(t.time(sigma))
	}
	p := chain(levels, times)
	p.Start = levels[0]
	return p
}

// chain makes steps from level to level, the last of them to zero.
func chain(levels, times []float64) Plan {
	steps := make([]Step, len(levels))
	for i, sigma := range levels {
		steps[i] = Step{Sigma: sigma, Time: times[i]}
		if i+1 < len(levels) {
			steps[i].To = levels[i+1]
		}
	}
	return Plan{Steps: steps}
}

// karras returns the levels of Karras et al. (2022), equation 5, with ρ = 7.
func karras(steps int, lowest, highest float64) []float64 {
	const rho = 7
	low, high := math.Pow(lowest, 1.0/rho), math.Pow(highest, 1.0/rho)
	levels := make([]float64, steps)
	for i := range levels {
		part := 0.0
		if steps > 1 {
			part = float64(i) / float64(steps-1)
		}
		levels[i] = single(math.Pow(high+part*(low-high), rho))
	}
	return levels
}

// diffusersPart is how many of the steps diffusers' img2img pipeline walks.
func diffusersPart(steps int, strength float64) int { return int(float64(steps) * strength) }

// a1111Part is how many A1111's img2img walks, without its option to "do exactly the amount of steps".
func a1111Part(steps int, strength float64) int {
	return int(min(strength, almostAll)*float64(steps)) + 1
}
