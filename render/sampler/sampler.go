// Package sampler walks a latent from noise to picture. Three things that do not know each other make a sampler: a
// schedule says which noise levels are visited, a denoiser says what the model sees at one of them, and a stepper
// goes from one level to the next.
//
// All of it happens in the variance-exploding frame of Karras et al. (2022): x = x₀ + σ·noise. The variance-preserving
// frame of DDIM is x/√(σ²+1); what a dialect does there is the same walk in other units.
package sampler

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"darkroom/render/tensor"
)

// Dialect names whose schedules are followed.
type Dialect string

// The dialects, by the names that picture.Spec has for them.
const (
	Diffusers Dialect = "diffusers" // diffusers' schedulers
	A1111     Dialect = "a1111"     // k-diffusion, as A1111 calls it
)

// Step goes from one noise level to a lower one.
type Step struct {
	Sigma float64 // σ at the start of the step
	To    float64 // σ at its end
	Time  float64 // the training time the model is told, 0 to 999, possibly with a fraction
	Gain  float64 // of methods in the preserving frame: from that of To into that of the next step, or of the finished latent
	Back  float64 // PNDM only: σ one stride before the step
}

// Plan is the way from noise to picture.
type Plan struct {
	Steps []Step
	Start float64 // standard normal noise times Start is the x that a picture from nothing begins with

	table      table      // of the training, for methods that ask the model between two levels
	before     []float64  // σ of the steps that a repaint left out
	prediction Prediction // for PNDM, which mixes what the model put out
}

// low and high are the last level above zero and the first.
func (p Plan) low() float64  { return p.Steps[len(p.Steps)-1].Sigma }
func (p Plan) high() float64 { return p.Steps[0].Sigma }

// Denoise estimates the finished latent x₀ from x = x₀ + σ·noise.
type Denoise func(ctx context.Context, x tensor.Tensor, s Step) (tensor.Tensor, error)

// Walk is what one run of a sampler needs beside its plan.
type Walk struct {
	Denoise Denoise
	Noise   func() tensor.Tensor                   // fresh standard normal noise in the shape of x; only called by samplers that add some
	Path    func(low, high float64) Path           // opens a Brownian path over these levels; only called by samplers of stochastic equations
	Seen    func(step int, denoised tensor.Tensor) // told after every step, counted from 1; may be nil
}

// Path tells how far a Brownian path, one for each picture of the batch, goes between two levels, over the root of the
// distance: standard normal noise that belongs together, however the way is cut into steps.
type Path func(from, to float64) tensor.Tensor

// stepper goes one step from x: it returns where it arrives and the model's estimate at the place it came from. It may
// remember earlier steps.
type stepper func(ctx context.Context, s Step, x tensor.Tensor) (next, denoised tensor.Tensor, err error)

// run is a walk under way, as its stepper sees it.
type run struct {
	Walk
	plan Plan
}

// ask asks the model at a level between two steps.
func (r run) ask(ctx context.Context, x tensor.Tensor, sigma float64) (tensor.Tensor, error) {
	return r.Denoise(ctx, x, Step{Sigma: sigma, Time: single(r.plan.table.time(sigma))})
}

// path opens the Brownian path over all levels of the plan.
func (r run) path() Path { return r.Path(r.plan.low(), r.plan.high()) }

// direct makes a stepper of a rule that needs no more than the estimate at the step's beginning.
func direct(r run, rule func(s Step, x, denoised tensor.Tensor) tensor.Tensor) stepper {
	return func(ctx context.Context, s Step, x tensor.Tensor) (tensor.Tensor, tensor.Tensor, error) {
		denoised, err := r.Denoise(ctx, x, s)
		if err != nil {
			return tensor.Tensor{}, tensor.Tensor{}, err
		}
		return rule(s, x, denoised), denoised, nil
	}
}

// Method is one sampler in one dialect.
type Method struct {
	Name  string
	plan  func(c Config, steps int) Plan
	start func(r run) stepper
	part  func(steps int, strength float64) int
}

// Names lists the samplers of a dialect, sorted; nil for a dialect that does not exist.
func Names(d Dialect) []string {
	var names []string
	for _, m := range methods(d) {
		names = append(names, m.Name)
	}
	return names
}

// Find returns the sampler of that name, or an error that lists those there are.
func Find(d Dialect, name string) (Method, error) {
	all := methods(d)
	if all == nil {
		return Method{}, fmt.Errorf("dialect %q: want %q or %q", d, Diffusers, A1111)
	}
	i := slices.IndexFunc(all, func(m Method) bool { return m.Name == name })
	if i < 0 {
		return Method{}, fmt.Errorf("sampler %q: dialect %s has %q", name, d, Names(d))
	}
	return all[i], nil
}

// Plan returns the way from pure noise in so many steps.
func (m Method) Plan(c Config, steps int) (Plan, error) {
	if err := c.Check(); err != nil {
		return Plan{}, err
	}
	if most := m.most(c); steps < 1 || steps > most {
		return Plan{}, fmt.Errorf("%d steps: want 1 to %d", steps, most)
	}
	p := m.plan(c, steps)
	p.prediction = c.Prediction
	return p, nil
}

// Asks is how often a step asks the model: twice in second-order samplers, but for the last step.
func (m Method) Asks() int {
	for _, second := range []string{"heun", "dpm2", "dpmpp_2s_a", "dpmpp_sde"} {
		if strings.HasPrefix(m.Name, second) {
			return 2
		}
	}
	return 1
}

// most is how many steps a method can take.
func (m Method) most(c Config) int {
	if m.Name == "lcm" || m.Name == "tcd" {
		return min(distilled, c.TrainSteps)
	}
	return c.TrainSteps - 1
}

// Repaint returns the last part of a plan of so many steps, for a picture that is there already: strength in (0, 1]
// says how much of the way is gone again. At least one step is left. The walk begins at x₀ + σ·noise.
func (m Method) Repaint(c Config, steps int, strength float64) (Plan, error) {
	p, err := m.Plan(c, steps)
	if err != nil {
		return Plan{}, err
	}
	return p.last(max(len(p.Steps)-steps+m.part(steps, strength), 1)), nil
}

// last leaves out all but the last steps.
func (p Plan) last(keep int) Plan {
	cut := len(p.Steps) - min(keep, len(p.Steps))
	for _, s := range p.Steps[:cut] {
		p.before = append(p.before, s.Sigma)
	}
	p.Steps = p.Steps[cut:]
	return p
}

// Refine returns a plan of exactly so many steps that begins where repainting by strength would: the second pass of
// a picture enlarged in latent space.
func (m Method) Refine(c Config, steps int, strength float64) (Plan, error) {
	total := min(max(int(float64(steps)/min(strength, almostAll)), steps), m.most(c))
	p, err := m.Plan(c, total)
	if err != nil {
		return Plan{}, err
	}
	return p.last(steps), nil
}

// Sample walks x along the plan and returns the finished latent. It looks at ctx before every step and returns
// context.Cause(ctx) when it has ended.
func (m Method) Sample(ctx context.Context, p Plan, w Walk, x tensor.Tensor) (tensor.Tensor, error) {
	step := m.start(run{w, p})
	for i, s := range p.Steps {
		if err := context.Cause(ctx); err != nil {
			return tensor.Tensor{}, err
		}
		next, denoised, err := step(ctx, s, x)
		if err != nil {
			return tensor.Tensor{}, fmt.Errorf("step %d of %d: %w", i+1, len(p.Steps), err)
		}
		x = next
		if w.Seen != nil {
			w.Seen(i+1, denoised)
		}
	}
	return x, nil
}
