package sampler

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Method is one sampler with one schedule in one dialect.
type Method struct {
	Name       string
	makePlan   func(c Config, steps, skip int) Plan // plans that many steps, without the first skip
	newStepper func(r run) stepper
	stepCounting
	traits
}

// stepCounting says how much of a plan is sampled.
type stepCounting struct {
	img2imgSteps func(steps int, strength float64) int // how many of the steps img2img takes
	// hiresSkip is how many steps a hires pass leaves out so that it takes steps of total, in a plan of planned steps.
	hiresSkip func(total, steps, planned int) int
}

// traits are what a sampler has besides its stepper.
type traits struct {
	twoCalls      bool // it calls the model twice a step, except in the last one
	eta           bool // it takes an eta
	distilled     bool // it is for consistency models only
	onlySteps     int  // the only number of steps that it takes; 0 for any
	minSteps      int  // the least number of steps; 0 for 1
	distilledOn50 bool // it takes every consistency model as distilled on 50 steps, whatever a folder says
	totalCalls    int  // about how many calls a whole run takes, for a sampler that chooses its steps; 0 for others
	diverges      bool // it chooses its steps by differences too small for models that predict a velocity
	warmup        bool // it begins with a second call, or with Runge-Kutta steps where a folder asks for them

	// img2imgAllSteps is its img2img plan where that takes all steps; nil for none.
	img2imgAllSteps func(c Config, steps int, strength float64) Plan
}

// Names lists all samplers of a dialect; nil for a dialect that does not exist.
func Names(d Dialect) []string {
	var names []string
	for _, m := range methods(d) {
		names = append(names, m.Name)
	}
	return names
}

// NamesFor lists the samplers of a dialect that suit a model of such a prediction. Consistency models (LCM, TCD) have
// samplers of their own, which suit no other model, and a sampler that diverges cannot be verified.
func NamesFor(d Dialect, p Prediction, distilled bool) []string {
	var names []string
	for _, m := range methods(d) {
		if m.distilled == distilled && !m.Diverges(p) {
			names = append(names, m.Name)
		}
	}
	return names
}

// FormatNames writes sampler names for people: those without a schedule, and the schedules that can follow some.
func FormatNames(names []string) string {
	var plain, endings []string
	for _, name := range names {
		base, ending := SplitName(name)
		if !slices.Contains(plain, base) {
			plain = append(plain, base)
		}
		if ending != "" && !slices.Contains(endings, ending) {
			endings = append(endings, ending)
		}
	}
	out := strings.Join(plain, ", ")
	if len(endings) > 0 {
		out += "; some also ending in _" + strings.Join(endings, ", _")
	}
	return out
}

// SplitName divides a name into that of the sampler and that of its schedule, which is empty for the sampler's usual
// one.
func SplitName(name string) (base, schedule string) {
	for _, s := range schedules() {
		if before, ok := strings.CutSuffix(name, "_"+s); ok {
			return before, s
		}
	}
	return name, ""
}

// schedules lists the schedules that a sampler's name can end in.
func schedules() []string {
	return []string{
		"karras", "polyexponential", "exponential", "beta", "ays", "lu", "sgm_uniform", "kl_optimal", "simple", "ddim",
	}
}

// Find returns the sampler of that name, or an error.
func Find(d Dialect, name string) (Method, error) {
	all := methods(d)
	if all == nil {
		return Method{}, fmt.Errorf("dialect %q: want %q or %q", d, Diffusers, A1111)
	}
	i := slices.IndexFunc(all, func(m Method) bool { return m.Name == name })
	if i < 0 {
		return Method{}, fmt.Errorf("sampler %q: dialect %s has %s", name, d, FormatNames(Names(d)))
	}
	return all[i], nil
}

// TakesEta says whether the sampler takes an eta.
func (m Method) TakesEta() bool { return m.eta }

// Distilled says whether the sampler is for consistency models.
func (m Method) Distilled() bool { return m.distilled }

// Diverges says whether the last digit decides the sampler's result with models of such a prediction, so that it cannot
// be compared with the reference: see docs/fidelity.md.
func (m Method) Diverges(p Prediction) bool { return m.diverges && p == Velocity }

// CallsPerStep is how often a step calls the model: twice in second-order samplers, except in the last step.
func (m Method) CallsPerStep() int {
	if m.twoCalls {
		return 2
	}
	return 1
}

// EstimateCalls is about how often that many steps call the model, over a share of the plan from noise to image.
func (m Method) EstimateCalls(c Config, steps int, share float64) float64 {
	switch taken := float64(steps) * share; {
	case m.totalCalls > 0:
		return float64(m.totalCalls) * share
	case m.img2imgAllSteps != nil && c.Img2ImgTakesAllSteps:
		return float64(steps)
	case m.warmup && c.RungeKutta:
		return taken + rungeKuttaSteps*(rungeKuttaCalls-1)
	case m.warmup:
		return taken + 1
	default:
		return taken * float64(m.CallsPerStep())
	}
}

// EstimateHiresCalls is about how often a hires pass calls the model: see HiresPlan. It takes all of its steps,
// whatever the strength.
func (m Method) EstimateHiresCalls(steps int, strength float64) float64 {
	if m.totalCalls > 0 {
		return float64(m.totalCalls) * strength
	}
	return float64(steps * m.CallsPerStep())
}

// NearestSteps is the number of steps nearest to the requested one that the sampler can take with a model of the usual
// training.
func (m Method) NearestSteps(asked int) int {
	if m.onlySteps > 0 {
		return m.onlySteps
	}
	usual := StableDiffusion()
	return min(max(asked, m.leastSteps(usual)), m.mostSteps(usual))
}

// Plan returns the plan from pure noise in that many steps.
func (m Method) Plan(c Config, steps int) (Plan, error) { return m.planSkipping(c, steps, 0) }

func (m Method) planSkipping(c Config, steps, skip int) (Plan, error) {
	return m.checkedPlan(c, steps, func() Plan { return m.makePlan(c, steps, skip) })
}

// checkedPlan makes a plan, or says why there is none in that many steps.
func (m Method) checkedPlan(c Config, steps int, lay func() Plan) (Plan, error) {
	if err := m.checkSteps(c, steps); err != nil {
		return Plan{}, err
	}
	p := lay()
	if p.maxSigma() >= noSignalSigma && c.Prediction == Epsilon {
		return Plan{}, errors.New(
			"at the first step nothing of the image is left (zero terminal SNR), and the noise predicts nothing",
		)
	}
	p.prediction = c.Prediction
	return p, nil
}

// checkSteps says why a method cannot take that many steps, nil if it can.
func (m Method) checkSteps(c Config, steps int) error {
	if err := c.Check(); err != nil {
		return err
	}
	if m.onlySteps > 0 && steps != m.onlySteps {
		return fmt.Errorf("%d steps: %s has %d", steps, m.Name, m.onlySteps)
	}
	if least, most := m.leastSteps(c), m.mostSteps(c); steps < least || steps > most {
		return fmt.Errorf("%d steps: want %d to %d", steps, least, most)
	}
	return nil
}

// leastSteps is how few steps a method can take.
func (m Method) leastSteps(c Config) int {
	if m.warmup && c.RungeKutta {
		return rungeKuttaSteps + 1
	}
	return max(m.minSteps, 1)
}

// mostSteps is how many steps a method can take.
func (m Method) mostSteps(c Config) int {
	switch {
	case m.distilledOn50:
		return min(defaultDistilledSteps, c.TrainSteps)
	case m.distilled:
		return c.distilledSteps()
	}
	return c.TrainSteps - 1
}

// Img2ImgPlan returns the last part of a plan of that many steps, for an init image: strength in (0, 1] says how much
// of the plan is sampled. At least one step is left. Sampling begins with Plan.AddNoise.
func (m Method) Img2ImgPlan(c Config, steps int, strength float64) (Plan, error) {
	if c.Img2ImgTakesAllSteps && m.img2imgAllSteps != nil {
		return m.checkedPlan(c, steps, func() Plan { return m.img2imgAllSteps(c, steps, strength) })
	}
	return m.planSkipping(c, steps, steps-m.img2imgSteps(steps, strength))
}

// HiresPlan returns a plan of that many steps that begins where img2img of that strength would: the second pass of an
// image whose latents were upscaled.
func (m Method) HiresPlan(c Config, steps int, strength float64) (Plan, error) {
	total := m.onlySteps
	if total == 0 {
		total = min(max(int(float64(steps)/min(strength, maxStrength)), steps, m.leastSteps(c)), m.mostSteps(c))
	}
	whole, err := m.Plan(c, total)
	if err != nil {
		return Plan{}, err
	}
	return m.planSkipping(c, total, max(m.hiresSkip(total, steps, len(whole.Steps)), 0))
}

// skipFirst leaves out the first steps, but never the last one.
func (p Plan) skipFirst(n int) Plan {
	n = min(max(n, 0), len(p.Steps)-1)
	for _, s := range p.Steps[:n] {
		p.skippedSigmas = append(p.skippedSigmas, s.Sigma)
	}
	p.Steps = p.Steps[n:]
	return p
}

// planThenSkip adds skipping to a function that plans all steps.
func planThenSkip(whole func(c Config, steps int) Plan) func(c Config, steps, skip int) Plan {
	return func(c Config, steps, skip int) Plan { return whole(c, steps).skipFirst(skip) }
}

// maxStrength is the strength that A1111 takes for 1.
const maxStrength = 0.999

// diffusersCounting is how diffusers' img2img pipeline counts.
func diffusersCounting() stepCounting {
	return stepCounting{
		img2imgSteps: func(steps int, strength float64) int { return int(float64(steps) * strength) },
		hiresSkip:    func(_, steps, laid int) int { return laid - steps },
	}
}

// a1111Counting is how A1111's img2img counts for k-diffusion's samplers, without its option to "do exactly the amount
// of steps": one step more than the number under noise (its t_enc).
func a1111Counting() stepCounting {
	return stepCounting{
		img2imgSteps: func(steps int, strength float64) int { return encodedSteps(steps, strength) + 1 },
		hiresSkip:    func(total, steps, _ int) int { return total - steps },
	}
}

// a1111TimestepCounting is how A1111 counts for the samplers of the variance-preserving form.
func a1111TimestepCounting() stepCounting {
	return stepCounting{img2imgSteps: encodedSteps, hiresSkip: func(total, steps, _ int) int { return total - steps + 1 }}
}

// encodedSteps is A1111's t_enc.
func encodedSteps(steps int, strength float64) int {
	return int(min(strength, maxStrength) * float64(steps))
}
