package sampler

import "math"

// defaultDistilledSteps is how many steps the schedule has that consistency models are distilled on, unless a folder
// says otherwise.
const defaultDistilledSteps = 50

// distilledSteps is how many steps that schedule has.
func (c Config) distilledSteps() int {
	if c.OriginalSteps > 0 {
		return c.OriginalSteps
	}
	return min(defaultDistilledSteps, c.TrainSteps)
}

// lcmPlan is that of diffusers' LCMScheduler: that many of the distilled times, evenly spaced in their number.
func lcmPlan(c Config, steps int) Plan { return lcmPlanOver(c, steps, c.distilledSteps()) }

// lcmImg2ImgPlan is the img2img plan of diffusers' pipeline of latent consistency models: all of the steps, over the
// last part of the distilled times. Where those are fewer, which diffusers refuses, the plan takes them all.
func lcmImg2ImgPlan(c Config, steps int, strength float64) Plan {
	all := max(int(float64(c.distilledSteps())*strength), 1)
	return lcmPlanOver(c, min(steps, all), all)
}

// lcmPlanOver plans steps over the last n of the distilled times.
func lcmPlanOver(c Config, steps, all int) Plan {
	t := diffusersTable(c, zeroSNRExact)
	p := Plan{table: t}
	stride := c.TrainSteps / c.distilledSteps()
	for i := range steps {
		index := int(math.Floor(float64(i) * (float64(all) / float64(steps)))) // as numpy's linspace multiplies
		time := float64((all-index)*stride - 1)
		p.Steps = append(p.Steps, Step{Sigma: t.at(time), Timestep: time})
		if i > 0 {
			p.Steps[i-1].NextSigma = t.at(time)
		}
	}
	p.InitNoiseSigma = math.Hypot(p.maxSigma(), 1)
	return p
}

// tcdPlan is that of diffusers' TCDScheduler: the same times, ending at the table's first level.
func tcdPlan(c Config, steps int) Plan {
	p := lcmPlan(c, steps)
	last := &p.Steps[len(p.Steps)-1]
	last.NextSigma = p.table[0]
	last.Gain = 1 / math.Hypot(last.NextSigma, 1)
	return p
}

// lcmA1111Plan is that of A1111's LCM sampler: sigmas evenly spaced in time over the distilled ones, interpolated in
// their logarithm. The model gets the nearest distilled time.
func lcmA1111Plan(c Config, steps int) Plan {
	t := a1111Table(c)
	stride := c.TrainSteps / defaultDistilledSteps
	valid := make(table, defaultDistilledSteps)
	for i := range valid {
		valid[i] = t[(i+1)*stride-1]
	}
	times := make([]float64, steps)
	linspace32(times, float32(c.TrainSteps-1), float32(stride-1))
	if steps == 1 {
		times[0] = float64(c.TrainSteps - 1)
	}
	levels := make([]float64, steps+1)
	for i, time := range times {
		levels[i] = valid.logAt(max(toFloat32(time-float64(stride-1))/float64(stride), 0))
	}
	p := denoiserPlan(t, levels)
	for i, s := range p.Steps {
		p.Steps[i].Timestep = float64((valid.nearest(s.Sigma)+1)*stride - 1)
	}
	return p
}

// nearest is the entry whose logarithm is nearest.
func (t table) nearest(sigma float64) int {
	best := 0
	for i := range t {
		if math.Abs(math.Log(t[i]/sigma)) < math.Abs(math.Log(t[best]/sigma)) {
			best = i
		}
	}
	return best
}
