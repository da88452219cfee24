// Package sampler takes latents from noise to an image. A sampler consists of three independent parts: a schedule lists
// the sigmas (noise levels), a denoiser says what the model estimates at one of them, and a stepper goes from one sigma
// to the next. A Plan is a schedule for a number of steps.
//
// Everything happens in the variance-exploding form of Karras et al. (2022): x = x₀ + σ·noise. The variance-preserving
// form of DDIM is x/√(σ²+1); what a dialect does there is the same in other units.
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

// Step goes from one sigma to the next.
type Step struct {
	Sigma     float64 // σ at the start of the step
	NextSigma float64 // σ at its end
	Timestep  float64 // the training time that the model gets, 0 to 999, possibly with a fraction
	Gain      float64 // variance-preserving methods only: rescales from NextSigma to the next step, or to the result
	FromSigma float64 // PNDM only: σ one stride before the step, or the start of a Runge-Kutta call
	Order     int     // DPM fast only: calls of the step
}

// Plan is the list of steps from noise to image.
type Plan struct {
	Steps          []Step
	InitNoiseSigma float64 // txt2img begins with standard normal noise times this

	table          table      // of the training, for methods that call the model between two sigmas
	skippedSigmas  []float64  // σ of the steps that img2img left out
	warmupCalls    int        // Runge-Kutta calls that PNDM begins with
	initImageSigma float64    // σ of the noise that is added to an init image; 0 for the first step's
	prediction     Prediction // for PNDM, which mixes the outputs of the model
}

// AddNoise returns the x that img2img begins with: x₀ + σ·noise. In A1111's samplers of the variance-preserving form
// that σ is one above the first step's, and x is rescaled in that form.
func (p Plan) AddNoise(picture, noise tensor.Tensor) tensor.Tensor {
	first := p.maxSigma()
	if p.initImageSigma == 0 {
		return tensor.Sum(1, picture, float32(first), noise)
	}
	carry := math.Hypot(first, 1) / math.Hypot(p.initImageSigma, 1)
	return tensor.Sum(float32(carry), picture, float32(carry*p.initImageSigma), noise)
}

// maxSigma is the first sigma.
func (p Plan) maxSigma() float64 { return p.Steps[0].Sigma }

// minSigma is the last sigma above zero.
func (p Plan) minSigma() float64 {
	last := p.Steps[len(p.Steps)-1]
	if last.NextSigma > 0 {
		return last.NextSigma
	}
	return last.Sigma
}

// Denoise estimates the finished latent x₀ from x = x₀ + σ·noise.
type Denoise func(ctx context.Context, x tensor.Tensor, s Step) (tensor.Tensor, error)

// Inputs is what one run of a sampler needs besides its plan.
type Inputs struct {
	Denoise Denoise
	// Noise draws standard normal noise in the shape of x. Only samplers that add noise call it.
	Noise func() tensor.Tensor
	// BrownianPath opens a Brownian path over these sigmas. Only samplers of stochastic equations call it.
	BrownianPath func(low, high float64) BrownianPath
	// OnStep is called after every step, counted from 1. May be nil.
	OnStep func(step int, denoised tensor.Tensor)
	// OnAttempt is called after attempts that end no step, by samplers that choose their steps. May be nil.
	OnAttempt func(denoised tensor.Tensor)
	// Eta is the share of noise in each step; nil for the sampler's own, see Method.TakesEta.
	Eta *float64
}

// BrownianPath returns the increments of Brownian paths, one for each image of the batch, between two sigmas, divided
// by the root of the distance: standard normal noise that is consistent, however the plan is divided into steps.
type BrownianPath func(from, to float64) tensor.Tensor

// stepper takes one step from x: it returns the next x and the model's estimate at the old one. It may keep earlier
// steps.
type stepper func(ctx context.Context, s Step, x tensor.Tensor) (next, denoised tensor.Tensor, err error)

// run is one run of a sampler, as its stepper sees it.
type run struct {
	Inputs
	plan Plan
}

// denoiseAt calls the model at a sigma between two steps.
func (r run) denoiseAt(ctx context.Context, x tensor.Tensor, sigma float64) (tensor.Tensor, error) {
	return r.Denoise(ctx, x, Step{Sigma: sigma, Timestep: toFloat32(r.plan.table.timeOf(sigma))})
}

// eta is how much noise a step adds; the sampler's own share by default.
func (r run) eta(own float64) float64 {
	if r.Eta != nil {
		return *r.Eta
	}
	return own
}

// brownianPath opens the Brownian path over all sigmas of the plan, those that img2img left out included: as diffusers'
// DPMSolverSDEScheduler does, and A1111 (create_noise_sampler, which sample_img2img gives the whole schedule).
func (r run) brownianPath() BrownianPath {
	high := r.plan.maxSigma()
	if len(r.plan.skippedSigmas) > 0 {
		high = r.plan.skippedSigmas[0]
	}
	return r.BrownianPath(r.plan.minSigma(), high)
}

// oneCallStepper makes a stepper of a rule that needs only the estimate at the step's beginning.
func oneCallStepper(r run, rule func(s Step, x, denoised tensor.Tensor) tensor.Tensor) stepper {
	return func(ctx context.Context, s Step, x tensor.Tensor) (tensor.Tensor, tensor.Tensor, error) {
		denoised, err := r.Denoise(ctx, x, s)
		if err != nil {
			return tensor.Tensor{}, tensor.Tensor{}, err
		}
		return rule(s, x, denoised), denoised, nil
	}
}

// Sample takes x through the steps of the plan and returns the finished latent. It checks ctx before every step and
// returns context.Cause(ctx) once ctx has ended.
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
