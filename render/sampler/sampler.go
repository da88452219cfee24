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
	"math"

	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// Dialect names whose schedules are followed.
type Dialect = picture.Dialect

// The dialects.
const (
	Diffusers = picture.Diffusers // diffusers' schedulers
	A1111     = picture.A1111     // k-diffusion, as A1111 calls it
)

// Step goes from one noise level to a lower one.
type Step struct {
	Sigma     float64 // σ at the start of the step
	NextSigma float64 // σ at its end
	Timestep  float64 // the training time the model is told, 0 to 999, possibly with a fraction
	Gain      float64 // of methods in the preserving frame: from that of To into that of the next step, or of the finished latent
	FromSigma float64 // PNDM only: σ one stride before the step, or that a call of Runge and Kutta's goes from
	Order     int     // DPM fast only: how often the step asks
}

// Plan is the way from noise to picture.
type Plan struct {
	Steps          []Step
	InitNoiseSigma float64 // standard normal noise times Start is the x that a picture from nothing begins with

	table          table      // of the training, for methods that ask the model between two levels
	skippedSigmas  []float64  // σ of the steps that a repaint left out
	warmupCalls    int        // calls of Runge and Kutta's method that PNDM begins with
	initImageSigma float64    // σ of the noise that a start picture is laid under; 0 for the first step's
	prediction     Prediction // for PNDM, which mixes what the model put out
}

// AddNoise returns the x that repainting a picture begins with: x₀ + σ·noise. In A1111's samplers of the preserving frame
// that σ is one level above the first step's, and x is carried over in that frame.
func (p Plan) AddNoise(picture, noise tensor.Tensor) tensor.Tensor {
	first := p.maxSigma()
	if p.initImageSigma == 0 {
		return tensor.Sum(1, picture, float32(first), noise)
	}
	carry := math.Hypot(first, 1) / math.Hypot(p.initImageSigma, 1)
	return tensor.Sum(float32(carry), picture, float32(carry*p.initImageSigma), noise)
}

// maxSigma is the first level, and low the last one above zero.
func (p Plan) maxSigma() float64 { return p.Steps[0].Sigma }
func (p Plan) minSigma() float64 {
	last := p.Steps[len(p.Steps)-1]
	if last.NextSigma > 0 {
		return last.NextSigma
	}
	return last.Sigma
}

// Denoise estimates the finished latent x₀ from x = x₀ + σ·noise.
type Denoise func(ctx context.Context, x tensor.Tensor, s Step) (tensor.Tensor, error)

// Inputs is what one run of a sampler needs beside its plan.
type Inputs struct {
	Denoise      Denoise
	Noise        func() tensor.Tensor                   // fresh standard normal noise in the shape of x; only called by samplers that add some
	BrownianPath func(low, high float64) BrownianPath   // opens a Brownian path over these levels; only called by samplers of stochastic equations
	OnStep       func(step int, denoised tensor.Tensor) // told after every step, counted from 1; may be nil
	OnAttempt    func(denoised tensor.Tensor)           // told of tries that end no step, by samplers that choose their steps; may be nil
	Eta          *float64                               // the share of noise in each step; nil for the sampler's own, see Method.TakesEta
}

// BrownianPath tells how far a Brownian path, one for each picture of the batch, goes between two levels, over the root of the
// distance: standard normal noise that belongs together, however the way is cut into steps.
type BrownianPath func(from, to float64) tensor.Tensor

// stepper goes one step from x: it returns where it arrives and the model's estimate at the place it came from. It may
// remember earlier steps.
type stepper func(ctx context.Context, s Step, x tensor.Tensor) (next, denoised tensor.Tensor, err error)

// run is a walk under way, as its stepper sees it.
type run struct {
	Inputs
	plan Plan
}

// denoiseAt asks the model at a level between two steps.
func (r run) denoiseAt(ctx context.Context, x tensor.Tensor, sigma float64) (tensor.Tensor, error) {
	return r.Denoise(ctx, x, Step{Sigma: sigma, Timestep: toFloat32(r.plan.table.timeOf(sigma))})
}

// eta is how much noise a step takes, or the sampler's own share when nobody asked for one.
func (r run) eta(own float64) float64 {
	if r.Eta != nil {
		return *r.Eta
	}
	return own
}

// brownianPath opens the Brownian path over all levels of the walk.
func (r run) brownianPath() BrownianPath { return r.BrownianPath(r.plan.minSigma(), r.plan.maxSigma()) }

// fullBrownianPath opens it over the levels that a repaint left out, too, as diffusers does.
func (r run) fullBrownianPath() BrownianPath {
	if len(r.plan.skippedSigmas) == 0 {
		return r.brownianPath()
	}
	return r.BrownianPath(r.plan.minSigma(), r.plan.skippedSigmas[0])
}

// oneCallStepper makes a stepper of a rule that needs no more than the estimate at the step's beginning.
func oneCallStepper(r run, rule func(s Step, x, denoised tensor.Tensor) tensor.Tensor) stepper {
	return func(ctx context.Context, s Step, x tensor.Tensor) (tensor.Tensor, tensor.Tensor, error) {
		denoised, err := r.Denoise(ctx, x, s)
		if err != nil {
			return tensor.Tensor{}, tensor.Tensor{}, err
		}
		return rule(s, x, denoised), denoised, nil
	}
}

// Sample walks x along the plan and returns the finished latent. It looks at ctx before every step and returns
// context.Cause(ctx) when it has ended.
func (m Method) Sample(ctx context.Context, p Plan, w Inputs, x tensor.Tensor) (tensor.Tensor, error) {
	if w.Eta != nil && !m.TakesEta() {
		return tensor.Tensor{}, fmt.Errorf("sampler %s has no eta", m.Name)
	}
	step := m.newStepper(run{w, p})
	for i, s := range p.Steps {
		if err := context.Cause(ctx); err != nil {
			return tensor.Tensor{}, err
		}
		next, denoised, err := step(ctx, s, x)
		if err != nil {
			return tensor.Tensor{}, fmt.Errorf("step %d of %d: %w", i+1, len(p.Steps), err)
		}
		x = next
		if w.OnStep != nil {
			w.OnStep(i+1, denoised)
		}
	}
	return x, nil
}
