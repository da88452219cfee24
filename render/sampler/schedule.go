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
	p := Plan{Start: math.Hypot(t.at(times[0]), 1), table: t}
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
	p := chain(t, levels, times)
	p.Start = eulerStart(c, levels[0])
	return p
}

// eulerStart is the scale of the start noise in the classes that work in the exploding frame.
func eulerStart(c Config, highest float64) float64 {
	if c.spacing(Linspace) == Leading {
		return math.Hypot(highest, 1)
	}
	return highest
}

// eulerKarrasPlan is the same with use_karras_sigmas: between the first and the last level that the spacing gives.
func eulerKarrasPlan(c Config, steps int) Plan {
	given := eulerPlan(c, steps)
	levels := karras(len(given.Steps), given.low(), given.high())
	times := make([]float64, len(levels))
	for i, sigma := range levels {
		times[i] = single(given.table.time(sigma))
	}
	p := chain(given.table, levels, times)
	p.Start = eulerStart(c, levels[0])
	return p
}

// dpm2KarrasPlan is that of diffusers' KDPM2DiscreteScheduler with use_karras_sigmas, which tells the model whole times
// at the levels and fractions between them.
func dpm2KarrasPlan(c Config, steps int) Plan {
	p := eulerKarrasPlan(c, steps)
	for i := range p.Steps {
		p.Steps[i].Time = math.RoundToEven(p.table.time(p.Steps[i].Sigma))
	}
	return p
}

// ddpmPlan is that of diffusers' DDPMScheduler: DDIM's times, each step ending where the next begins.
func ddpmPlan(c Config, steps int) Plan {
	given := ddimPlan(c, steps)
	var levels, times []float64
	for _, s := range given.Steps {
		levels, times = append(levels, s.Sigma), append(times, s.Time)
	}
	p := chain(given.table, levels, times)
	p.Start = given.Start
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
	p := chain(t, levels, times)
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
	p := chain(t, levels, times)
	p.Start = math.Hypot(levels[0], 1)
	return p
}

// a1111Schedule is one of A1111's schedules, by the ending of a sampler's name.
type a1111Schedule struct {
	suffix string
	levels func(t table, steps int) []float64
}

func a1111Schedules() []a1111Schedule {
	return []a1111Schedule{
		{"", uniform},
		{"_karras", karras32},
		{"_exponential", exponential},
	}
}

// a1111Plan lays a schedule over A1111's table. With discard there is one level more, and the last but one before zero
// is left out again.
func a1111Plan(levels func(t table, steps int) []float64, discard bool) func(Config, int) Plan {
	return func(c Config, steps int) Plan {
		t := a1111Table(c)
		if discard {
			return denoiserPlan(t, levels(t, steps+1)[:steps])
		}
		return denoiserPlan(t, levels(t, steps))
	}
}

// uniform is k-diffusion's DiscreteSchedule.get_sigmas, A1111's "Uniform": times from N−1 to 0, σ interpolated in its
// logarithm.
func uniform(t table, steps int) []float64 {
	levels := make([]float64, steps)
	last := float32(len(t) - 1)
	linspace32(levels, last, 0)
	if steps == 1 {
		levels[0] = float64(last)
	}
	for i, time := range levels {
		levels[i] = t.logAt(time)
	}
	return levels
}

// karras32 is k-diffusion's get_sigmas_karras over the whole table: karras, in float32 up to the power. Paths of
// Brownian motion are asked at times of six decimals, so the last digit of a level counts.
func karras32(t table, steps int) []float64 {
	low, high := math.Pow(t[0], 1.0/rho), math.Pow(t.last(), 1.0/rho)
	levels := make([]float64, steps)
	if steps > 1 { // torch's linspace of one value is its start
		linspace32(levels, 0, 1)
	}
	for i, part := range levels {
		levels[i] = single(math.Pow(single(single(part*single(low-high))+single(high)), rho))
	}
	return levels
}

// exponential is k-diffusion's get_sigmas_exponential over the whole table: even steps of ln σ.
func exponential(t table, steps int) []float64 {
	levels := make([]float64, steps)
	linspace32(levels, float32(math.Log(t.last())), float32(math.Log(t[0])))
	if steps == 1 {
		levels[0] = single(math.Log(t.last()))
	}
	for i, log := range levels {
		levels[i] = single(math.Exp(log))
	}
	return levels
}

// denoiserPlan tells the model fractional times, as k-diffusion's denoisers do.
func denoiserPlan(t table, levels []float64) Plan {
	times := make([]float64, len(levels))
	for i, sigma := range levels {
		times[i] = single(t.time(sigma))
	}
	p := chain(t, levels, times)
	p.Start = levels[0]
	return p
}

// chain makes steps from level to level, the last of them to zero.
func chain(t table, levels, times []float64) Plan {
	steps := make([]Step, len(levels))
	for i, sigma := range levels {
		steps[i] = Step{Sigma: sigma, Time: times[i]}
		if i+1 < len(levels) {
			steps[i].To = levels[i+1]
		}
	}
	return Plan{Steps: steps, table: t}
}

const rho = 7 // of Karras et al.

// karras returns the levels of Karras et al. (2022), equation 5, with ρ = 7.
func karras(steps int, lowest, highest float64) []float64 {
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
