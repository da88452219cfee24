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
	makePlan   func(c Config, steps, skip int) Plan // a way of so many steps without the first ones
	newStepper func(r run) stepper
	stepCounting
	traits
}

// stepCounting says how much of a way is walked.
type stepCounting struct {
	img2imgSteps func(steps int, strength float64) int // how many of the steps a repaint takes
	hiresSkip    func(total, steps, laid int) int      // how many a second pass leaves out, that is to take so many of a total that laid these
}

// traits are what a sampler has beside its way of stepping.
type traits struct {
	twoCalls      bool // it asks the model twice a step, but for the last one
	eta           bool // it takes a share of noise
	distilled     bool // it is for consistency models, and for nothing else
	onlySteps     int  // the only number of steps it has; 0 for any
	minSteps      int  // the least number of steps; 0 for 1
	distilledOn50 bool // it is for consistency models distilled on 50 steps, whatever a folder says
	totalCalls    int  // how often a whole way asks the model, about, where it chooses its steps by itself; 0 for others
	diverges      bool // it chooses its steps by differences too small for models that predict a velocity
	warmup        bool // it begins with a second call, or with steps of Runge and Kutta's where a folder wants them

	img2imgAllSteps func(c Config, steps int, strength float64) Plan // its repaints where a folder wants them whole; nil for none
}

// Names lists all samplers of a dialect; nil for a dialect that does not exist.
func Names(d Dialect) []string {
	var names []string
	for _, m := range methods(d) {
		names = append(names, m.Name)
	}
	return names
}

// NamesFor lists the samplers of a dialect that suit a model of such a prediction: consistency models (LCM, TCD) have
// samplers of their own, which make nothing of any other model, and a walk that strays proves nothing.
func NamesFor(d Dialect, p Prediction, distilled bool) []string {
	var names []string
	for _, m := range methods(d) {
		if m.distilled == distilled && !m.Diverges(p) {
			names = append(names, m.Name)
		}
	}
	return names
}

// FormatNames writes names of samplers for people: those without a schedule, and the schedules that some can be followed by.
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

// SplitName divides a name into that of the sampler and that of its schedule, which is empty for the sampler's usual one.
func SplitName(name string) (base, schedule string) {
	for _, s := range Schedules() {
		if before, ok := strings.CutSuffix(name, "_"+s); ok {
			return before, s
		}
	}
	return name, ""
}

// Schedules are the names of all schedules that a sampler's name can end in.
func Schedules() []string {
	return []string{"karras", "polyexponential", "exponential", "beta", "ays", "lu", "sgm_uniform", "kl_optimal", "simple", "ddim"}
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

// TakesEta tells whether a walk can be given a share of noise.
func (m Method) TakesEta() bool { return m.eta }

// Distilled tells whether the sampler is for consistency models.
func (m Method) Distilled() bool { return m.distilled }

// Diverges tells whether a last digit decides where the sampler's walks around models of such a prediction arrive, so that
// none of them could be compared with the reference's: see docs/fidelity.md.
func (m Method) Diverges(p Prediction) bool { return m.diverges && p == Velocity }

// CallsPerStep is how often a step asks the model: twice in second-order samplers, but for the last step.
func (m Method) CallsPerStep() int {
	if m.twoCalls {
		return 2
	}
	return 1
}

// EstimateCalls is about how often a walk of so many steps asks the model, over a share of the way from noise to picture.
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

// EstimateHiresCalls is about how often a second pass asks, that begins where repainting by strength would: see Refine. All of its
// steps are walked, whatever the strength.
func (m Method) EstimateHiresCalls(steps int, strength float64) float64 {
	if m.totalCalls > 0 {
		return float64(m.totalCalls) * strength
	}
	return float64(steps * m.CallsPerStep())
}

// NearestSteps is the number of steps nearest to what was asked for that the sampler can take with a model of the usual
// training.
func (m Method) NearestSteps(asked int) int {
	if m.onlySteps > 0 {
		return m.onlySteps
	}
	usual := StableDiffusion()
	return min(max(asked, m.leastSteps(usual)), m.mostSteps(usual))
}

// Plan returns the way from pure noise in so many steps.
func (m Method) Plan(c Config, steps int) (Plan, error) { return m.planSkipping(c, steps, 0) }

func (m Method) planSkipping(c Config, steps, skip int) (Plan, error) {
	return m.checkedPlan(c, steps, func() Plan { return m.makePlan(c, steps, skip) })
}

// checkedPlan lays a way, or tells why there is none in so many steps.
func (m Method) checkedPlan(c Config, steps int, lay func() Plan) (Plan, error) {
	if err := m.checkSteps(c, steps); err != nil {
		return Plan{}, err
	}
	p := lay()
	if p.maxSigma() >= noSignalSigma && c.Prediction == Epsilon {
		return Plan{}, errors.New("at the first step nothing of the picture is left, and a model that predicts the noise says nothing about it there")
	}
	p.prediction = c.Prediction
	return p, nil
}

// checkSteps tells why a method cannot take so many steps, nil if it can.
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

// Img2ImgPlan returns the last part of a plan of so many steps, for a picture that is there already: strength in (0, 1]
// says how much of the way is gone again. At least one step is left. The walk begins at Plan.Begin.
func (m Method) Img2ImgPlan(c Config, steps int, strength float64) (Plan, error) {
	if c.Img2ImgTakesAllSteps && m.img2imgAllSteps != nil {
		return m.checkedPlan(c, steps, func() Plan { return m.img2imgAllSteps(c, steps, strength) })
	}
	return m.planSkipping(c, steps, steps-m.img2imgSteps(steps, strength))
}

// HiresPlan returns a plan of so many steps that begins where repainting by strength would: the second pass of a picture
// enlarged in latent space.
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

// planThenSkip makes a layout of one that knows nothing of steps left out.
func planThenSkip(whole func(c Config, steps int) Plan) func(c Config, steps, skip int) Plan {
	return func(c Config, steps, skip int) Plan { return whole(c, steps).skipFirst(skip) }
}

// maxStrength is the strength A1111 takes for "all of it".
const maxStrength = 0.999

// diffusersCounting is how diffusers' img2img pipeline counts.
func diffusersCounting() stepCounting {
	return stepCounting{
		img2imgSteps: func(steps int, strength float64) int { return int(float64(steps) * strength) },
		hiresSkip:    func(_, steps, laid int) int { return laid - steps },
	}
}

// a1111Counting is how A1111's img2img counts for k-diffusion's samplers, without its option to "do exactly the amount of
// steps": one step more than the number under noise (its t_enc).
func a1111Counting() stepCounting {
	return stepCounting{
		img2imgSteps: func(steps int, strength float64) int { return encodedSteps(steps, strength) + 1 },
		hiresSkip:    func(total, steps, _ int) int { return total - steps },
	}
}

// a1111TimestepCounting is how it counts for the samplers of the preserving frame.
func a1111TimestepCounting() stepCounting {
	return stepCounting{img2imgSteps: encodedSteps, hiresSkip: func(total, steps, _ int) int { return total - steps + 1 }}
}

// encodedSteps is A1111's t_enc.
func encodedSteps(steps int, strength float64) int {
	return int(min(strength, maxStrength) * float64(steps))
}
