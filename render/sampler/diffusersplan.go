package sampler

import "math"

// ddimPlan is that of diffusers' DDIMScheduler. A step ends N/n training steps lower, whatever the spacing, and
// the last one at the table's first sigma, or at zero with SetAlphaToOne, which is its default.
func ddimPlan(c Config, steps int) Plan {
	return ddimPlanOver(c, diffusersTable(c, zeroSNRExact), steps, c.alphaToOne(true))
}

// ddimPlanOver is a plan of DDIM's times over a table, whose last step may end at zero.
func ddimPlanOver(c Config, t table, steps int, endAtZero bool) Plan {
	var times []float64
	switch c.spacing(Leading) {
	case Linspace:
		times = roundAll(linspaceTimes(c, steps, 0))
	case Trailing:
		times = trailingTimes(c, steps)
	default:
		times = leadingTimes(c, steps)
	}
	p := Plan{InitNoiseSigma: math.Hypot(t.at(times[0]), 1), table: t}
	for _, time := range times {
		to := time - float64(c.TrainSteps/steps)
		s := Step{Sigma: t.at(time), Timestep: time, NextSigma: t.at(max(to, 0))}
		if to < 0 && endAtZero {
			s.NextSigma = 0
		}
		p.Steps = append(p.Steps, s)
	}
	setGains(p.Steps)
	return p
}

// setGains sets the gains of a DDIM plan: those that keep z = x/√(σ²+1) the same where a step does not begin at the
// sigma at which the last one ended, and the one that turns the final x into z.
func setGains(steps []Step) {
	for i := range steps {
		next := 1.0
		if i+1 < len(steps) {
			next = math.Hypot(steps[i+1].Sigma, 1)
		}
		steps[i].Gain = next / math.Hypot(steps[i].NextSigma, 1)
	}
}

// ddpmPlan is that of diffusers' DDPMScheduler: DDIM's times, each step ending where the next begins.
func ddpmPlan(c Config, steps int) Plan {
	given := ddimPlan(c, steps)
	var levels, times []float64
	for _, s := range given.Steps {
		levels, times = append(levels, s.Sigma), append(times, s.Timestep)
	}
	p := planFromLevels(given.table, levels, times)
	p.InitNoiseSigma = given.InitNoiseSigma
	return p
}

// sigmaSchedule makes n sigmas between two, the highest first.
type sigmaSchedule func(steps int, lowest, highest float64) []float64

// eulerPlan is that of diffusers' EulerDiscreteScheduler and similar classes: linspace times keep their fraction, and
// the starting noise is scaled by √(σ²+1) with leading spacing, by σ with the others. end says how the class treats
// zero terminal SNR.
func eulerPlan(end float64) func(Config, int) Plan {
	return func(c Config, steps int) Plan {
		times := linspaceTimes(c, steps, 0)
		switch c.spacing(Linspace) {
		case Leading:
			times = leadingTimes(c, steps)
		case Trailing:
			times = trailingTimes(c, steps)
		default:
			for i, time := range times {
				times[i] = toFloat32(time)
			}
		}
		return eulerAt(c, diffusersTable(c, end), times)
	}
}

// eulerAt makes a plan of times.
func eulerAt(c Config, t table, times []float64) Plan {
	p := planFromLevels(t, t.levels(times), times)
	p.InitNoiseSigma = eulerStart(c, p.maxSigma())
	return p
}

// levels gives σ at each time.
func (t table) levels(times []float64) []float64 {
	levels := make([]float64, len(times))
	for i, time := range times {
		levels[i] = t.at(time)
	}
	return levels
}

// eulerStart is the scale of the starting noise in the classes that work in the variance-exploding form.
func eulerStart(c Config, highest float64) float64 {
	if c.spacing(Linspace) == Leading {
		return math.Hypot(highest, 1)
	}
	return highest
}

// eulerWithSchedule is the same with sigmas between the first and the last of the spacing (use_karras_sigmas and
// similar). rounded says that the model gets whole times, as in the KDPM2 classes with Karras' sigmas only.
func eulerWithSchedule(by sigmaSchedule, end float64, rounded bool) func(Config, int) Plan {
	return func(c Config, steps int) Plan {
		given := eulerPlan(end)(c, steps)
		levels := by(len(given.Steps), given.minSigma(), given.maxSigma())
		times := make([]float64, len(levels))
		for i, sigma := range levels {
			times[i] = toFloat32(given.table.diffusersTime(sigma))
			if rounded {
				times[i] = math.RoundToEven(given.table.diffusersTime(sigma))
			}
		}
		p := planFromLevels(given.table, levels, times)
		p.InitNoiseSigma = eulerStart(c, levels[0])
		return p
	}
}

// eulerAligned is EulerDiscreteScheduler's with its timesteps set to the aligned ones.
func eulerAligned(end float64) func(Config, int) Plan {
	return func(c Config, _ int) Plan { return eulerAt(c, diffusersTable(c, end), alignedTimes(c)) }
}

// multistepPlan is that of diffusers' DPMSolverMultistepScheduler: it computes one time more than steps, and drops the
// last.
func multistepPlan(c Config, steps int) Plan {
	switch c.spacing(Linspace) {
	case Leading:
		return multistepAt(diffusersTable(c, zeroSNRNear), leadingBy(c, steps+1, c.TrainSteps/(steps+1))[:steps])
	case Trailing:
		return multistepAt(diffusersTable(c, zeroSNRNear), trailingTimes(c, steps))
	}
	return multistepAt(diffusersTable(c, zeroSNRNear), roundAll(linspaceTimes(c, steps, 1)))
}

// singlestepPlan is that of DPMSolverSinglestepScheduler, which has one spacing.
func singlestepPlan(c Config, steps int) Plan {
	return multistepAt(diffusersTable(c, zeroSNRIgnored), roundAll(linspaceTimes(c, steps, 1)))
}

func multistepAt(t table, times []float64) Plan {
	p := planFromLevels(t, t.levels(times), times)
	p.InitNoiseSigma = math.Hypot(p.maxSigma(), 1)
	return p
}

func multistepAligned(c Config, _ int) Plan {
	return multistepAt(diffusersTable(c, zeroSNRNear), alignedTimes(c))
}

// multistepWithSchedule is that of the same classes with use_karras_sigmas and similar: the range is the whole table's,
// whatever the spacing, and the model gets whole times, rounded or cut off by whole.
func multistepWithSchedule(by sigmaSchedule, end float64, whole func(float64) float64) func(Config, int) Plan {
	return func(c Config, steps int) Plan {
		t := diffusersTable(c, end)
		levels := by(steps, t[0], t.last())
		times := make([]float64, len(levels))
		for i, sigma := range levels {
			times[i] = whole(t.diffusersTime(sigma))
		}
		p := planFromLevels(t, levels, times)
		p.InitNoiseSigma = math.Hypot(p.maxSigma(), 1)
		return p
	}
}

// planFromLevels makes steps from sigma to sigma, the last one to zero. Sigmas are rounded to float32, as in both
// programs.
func planFromLevels(t table, levels, times []float64) Plan {
	steps := make([]Step, len(levels))
	for i, sigma := range levels {
		steps[i] = Step{Sigma: toFloat32(sigma), Timestep: times[i]}
		if i+1 < len(levels) {
			steps[i].NextSigma = toFloat32(levels[i+1])
		}
	}
	return Plan{Steps: steps, table: t}
}
