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
	Gain  float64 // DDIM only: from the frame of To into that of the next step, or of the finished latent
}

// Plan is the way from noise to picture.
type Plan struct {
	Steps []Step
	Start float64 // standard normal noise times Start is the x that a picture from nothing begins with
}

// Denoise estimates the finished latent x₀ from x = x₀ + σ·noise.
type Denoise func(ctx context.Context, x tensor.Tensor, s Step) (tensor.Tensor, error)

// Walk is what one run of a sampler needs beside its plan.
type Walk struct {
	Denoise Denoise
	Noise   func() tensor.Tensor                   // fresh standard normal noise in the shape of x; only called by samplers that add some
	Seen    func(step int, denoised tensor.Tensor) // told after every step, counted from 1; may be nil
}

// stepper goes one step from x, given the denoised estimate there. It may remember earlier steps.
type stepper func(s Step, x, denoised tensor.Tensor) tensor.Tensor

// Method is one sampler in one dialect.
type Method struct {
	Name  string
	plan  func(c Config, steps int) Plan
	start func(noise func() tensor.Tensor) stepper
	part  func(steps int, strength float64) int
}

// methods are the samplers each dialect has been proved in, by values recorded from its own implementation
// (testdata/diffusers.json, testdata/kdiffusion.json). What is not here is not offered.
func methods(d Dialect) []Method {
	switch d {
	case Diffusers:
		return []Method{
			{"ddim", ddimPlan, ddim, diffusersPart},
			{"dpmpp_2m", multistepPlan, dpmpp2m, diffusersPart},
			{"dpmpp_2m_karras", multistepKarrasPlan, dpmpp2m, diffusersPart},
			{"euler", eulerPlan, euler, diffusersPart},
			{"euler_a", eulerPlan, eulerAncestral, diffusersPart},
		}
	case A1111:
		return []Method{
			{"dpmpp_2m", uniformPlan, dpmpp2m, a1111Part},
			{"dpmpp_2m_karras", karrasPlan, dpmpp2m, a1111Part},
			{"euler", uniformPlan, euler, a1111Part},
			{"euler_a", uniformPlan, eulerAncestral, a1111Part},
		}
	}
	return nil
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
	if most := c.TrainSteps - 1; steps < 1 || steps > most {
		return Plan{}, fmt.Errorf("%d steps: want 1 to %d", steps, most)
	}
	return m.plan(c, steps), nil
}

// Repaint returns the last part of a plan of so many steps, for a picture that is there already: strength in (0, 1]
// says how much of the way is gone again. At least one step is left. The walk begins at x₀ + σ·noise.
func (m Method) Repaint(c Config, steps int, strength float64) (Plan, error) {
	p, err := m.Plan(c, steps)
	if err != nil {
		return Plan{}, err
	}
	keep := min(max(m.part(steps, strength), 1), len(p.Steps))
	p.Steps = p.Steps[len(p.Steps)-keep:]
	return p, nil
}

// Refine returns a plan of exactly so many steps that begins where repainting by strength would: the second pass of
// a picture enlarged in latent space.
func (m Method) Refine(c Config, steps int, strength float64) (Plan, error) {
	total := min(max(int(float64(steps)/min(strength, almostAll)), steps), c.TrainSteps-1)
	p, err := m.Plan(c, total)
	if err != nil {
		return Plan{}, err
	}
	p.Steps = p.Steps[len(p.Steps)-min(steps, len(p.Steps)):]
	return p, nil
}

// Sample walks x along the plan and returns the finished latent. It looks at ctx before every step and returns
// context.Cause(ctx) when it has ended.
func (m Method) Sample(ctx context.Context, p Plan, w Walk, x tensor.Tensor) (tensor.Tensor, error) {
	step := m.start(w.Noise)
	for i, s := range p.Steps {
		if err := context.Cause(ctx); err != nil {
			return tensor.Tensor{}, err
		}
		denoised, err := w.Denoise(ctx, x, s)
		if err != nil {
			return tensor.Tensor{}, fmt.Errorf("step %d of %d: %w", i+1, len(p.Steps), err)
		}
		x = step(s, x, denoised)
		if w.Seen != nil {
			w.Seen(i+1, denoised)
		}
	}
	return x, nil
}
