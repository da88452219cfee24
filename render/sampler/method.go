package sampler

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Method is one sampler with one schedule in one dialect.
type Method struct {
	Name  string
	lay   func(c Config, steps, skip int) Plan // a way of so many steps without the first ones
	start func(r run) stepper
	cut
	traits
}

// cut says how much of a way is walked.
type cut struct {
	part  func(steps int, strength float64) int // how many of the steps a repaint takes
	leave func(total, steps, laid int) int      // how many a second pass leaves out, that is to take so many of a total that laid these
}

// traits are what a sampler has beside its way of stepping.
type traits struct {
	twice     bool // it asks the model twice a step, but for the last one
	eta       bool // it takes a share of noise
	distilled bool // it is for consistency models, and for nothing else
	exactly   int  // the only number of steps it has; 0 for any
	fewest    int  // the least number of steps; 0 for 1
	fixed     bool // it is for consistency models distilled on 50 steps, whatever a folder says
	calls     int  // how often a whole way asks the model, about, where it chooses its steps by itself; 0 for others
	strays    bool // it chooses its steps by differences too small for models that predict a velocity
	warms     bool // it begins with a second call, or with steps of Runge and Kutta's where a folder wants them

	over func(c Config, steps int, strength float64) Plan // its repaints where a folder wants them whole; nil for none
}

// Names lists all samplers of a dialect; nil for a dialect that does not exist.
func Names(d Dialect) []string {
	var names []string
	for _, m := range methods(d) {
		names = append(names, m.Name)
	}
	return names
}

// Offered lists the samplers of a dialect that suit a model of such a prediction: consistency models (LCM, TCD) have
// samplers of their own, which make nothing of any other model, and a walk that strays proves nothing.
func Offered(d Dialect, p Prediction, distilled bool) []string {
	var names []string
	for _, m := range methods(d) {
		if m.distilled == distilled && !m.Strays(p) {
			names = append(names, m.Name)
		}
	}
	return names
}

// Listed writes names of samplers for people: those without a schedule, and the schedules that some can be followed by.
func Listed(names []string) string {
	var plain, endings []string
	for _, name := range names {
		base, ending := Parts(name)
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

// Parts divides a name into that of the sampler and that of its schedule, which is empty for the sampler's usual one.
func Parts(name string) (base, schedule string) {
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
		return Method{}, fmt.Errorf("sampler %q: dialect %s has %s", name, d, Listed(Names(d)))
	}
	return all[i], nil
}

// TakesEta tells whether a walk can be given a share of noise.
func (m Method) TakesEta() bool { return m.eta }

// Distilled tells whether the sampler is for consistency models.
func (m Method) Distilled() bool { return m.distilled }

// Strays tells whether a last digit decides where the sampler's walks around models of such a prediction arrive, so that
// none of them could be compared with the reference's: see docs/fidelity.md.
func (m Method) Strays(p Prediction) bool { return m.strays && p == Velocity }

// Asks is how often a step asks the model: twice in second-order samplers, but for the last step.
func (m Method) Asks() int {
	if m.twice {
		return 2
	}
	return 1
}

// Calls is about how often a walk of so many steps asks the model, over a share of the way from noise to picture.
func (m Method) Calls(c Config, steps int, share float64) float64 {
	switch taken := float64(steps) * share; {
	case m.calls > 0:
		return float64(m.calls) * share
	case m.over != nil && c.WholeRepaints:
		return float64(steps)
	case m.warms && c.RungeKutta:
		return taken + rungeKuttaSteps*(rungeKuttaCalls-1)
	case m.warms:
		return taken + 1
	default:
		return taken * float64(m.Asks())
	}
}

// Recalls is about how often a second pass asks, that begins where repainting by strength would: see Refine. All of its
// steps are walked, whatever the strength.
func (m Method) Recalls(steps int, strength float64) float64 {
	if m.calls > 0 {
		return float64(m.calls) * strength
	}
	return float64(steps * m.Asks())
}

// Steps is the number of steps nearest to what was asked for that the sampler can take with a model of the usual
// training.
func (m Method) Steps(asked int) int {
	if m.exactly > 0 {
		return m.exactly
	}
	usual := StableDiffusion()
	return min(max(asked, m.least(usual)), m.most(usual))
}

// Plan returns the way from pure noise in so many steps.
func (m Method) Plan(c Config, steps int) (Plan, error) { return m.without(c, steps, 0) }

func (m Method) without(c Config, steps, skip int) (Plan, error) {
	return m.laid(c, steps, func() Plan { return m.lay(c, steps, skip) })
}

// laid lays a way, or tells why there is none in so many steps.
func (m Method) laid(c Config, steps int, lay func() Plan) (Plan, error) {
	if err := m.takes(c, steps); err != nil {
		return Plan{}, err
	}
	p := lay()
	if p.high() >= noSignal && c.Prediction == Epsilon {
		return Plan{}, errors.New("at the first step nothing of the picture is left, and a model that predicts the noise says nothing about it there")
	}
	p.prediction = c.Prediction
	return p, nil
}

// takes tells why a method cannot take so many steps, nil if it can.
func (m Method) takes(c Config, steps int) error {
	if err := c.Check(); err != nil {
		return err
	}
	if m.exactly > 0 && steps != m.exactly {
		return fmt.Errorf("%d steps: %s has %d", steps, m.Name, m.exactly)
	}
	if least, most := m.least(c), m.most(c); steps < least || steps > most {
		return fmt.Errorf("%d steps: want %d to %d", steps, least, most)
	}
	return nil
}

// least is how few steps a method can take.
func (m Method) least(c Config) int {
	if m.warms && c.RungeKutta {
		return rungeKuttaSteps + 1
	}
	return max(m.fewest, 1)
}

// most is how many steps a method can take.
func (m Method) most(c Config) int {
	switch {
	case m.fixed:
		return min(distilled, c.TrainSteps)
	case m.distilled:
		return c.original()
	}
	return c.TrainSteps - 1
}

// Repaint returns the last part of a plan of so many steps, for a picture that is there already: strength in (0, 1]
// says how much of the way is gone again. At least one step is left. The walk begins at Plan.Begin.
func (m Method) Repaint(c Config, steps int, strength float64) (Plan, error) {
	if c.WholeRepaints && m.over != nil {
		return m.laid(c, steps, func() Plan { return m.over(c, steps, strength) })
	}
	return m.without(c, steps, steps-m.part(steps, strength))
}

// Refine returns a plan of so many steps that begins where repainting by strength would: the second pass of a picture
// enlarged in latent space.
func (m Method) Refine(c Config, steps int, strength float64) (Plan, error) {
	total := m.exactly
	if total == 0 {
		total = min(max(int(float64(steps)/min(strength, almostAll)), steps, m.least(c)), m.most(c))
	}
	whole, err := m.Plan(c, total)
	if err != nil {
		return Plan{}, err
	}
	return m.without(c, total, max(m.leave(total, steps, len(whole.Steps)), 0))
}

// skipped leaves out the first steps, but never the last one.
func (p Plan) skipped(n int) Plan {
	n = min(max(n, 0), len(p.Steps)-1)
	for _, s := range p.Steps[:n] {
		p.before = append(p.before, s.Sigma)
	}
	p.Steps = p.Steps[n:]
	return p
}

// simply makes a layout of one that knows nothing of steps left out.
func simply(whole func(c Config, steps int) Plan) func(c Config, steps, skip int) Plan {
	return func(c Config, steps, skip int) Plan { return whole(c, steps).skipped(skip) }
}

// almostAll is the strength A1111 takes for "all of it".
const almostAll = 0.999

// diffusersCut is how diffusers' img2img pipeline counts.
func diffusersCut() cut {
	return cut{
		part:  func(steps int, strength float64) int { return int(float64(steps) * strength) },
		leave: func(_, steps, laid int) int { return laid - steps },
	}
}

// a1111Cut is how A1111's img2img counts for k-diffusion's samplers, without its option to "do exactly the amount of
// steps": one step more than the number under noise (its t_enc).
func a1111Cut() cut {
	return cut{
		part:  func(steps int, strength float64) int { return enclosed(steps, strength) + 1 },
		leave: func(total, steps, _ int) int { return total - steps },
	}
}

// enclosedCut is how it counts for the samplers of the preserving frame.
func enclosedCut() cut {
	return cut{part: enclosed, leave: func(total, steps, _ int) int { return total - steps + 1 }}
}

// enclosed is A1111's t_enc.
func enclosed(steps int, strength float64) int { return int(min(strength, almostAll) * float64(steps)) }
