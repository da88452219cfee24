package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// pndm is the pseudo linear multistep method of Liu et al. (2022), "Pseudo Numerical Methods for Diffusion Models on
// Manifolds", equation 12, as in diffusers' PNDMScheduler. It begins with three Runge-Kutta steps of four calls
// (equation 13) or, with skip_prk_steps, with a second call that repeats the first step with the mean of both
// directions. Further steps use
//
//	(3e−e₁)/2,  (23e−16e₁+5e₂)/12,  (55e−59e₁+37e₂−9e₃)/24
//
// A step is DDIM's, from the time of the call and not from the end of the last step. They differ in img2img, which cuts
// the list of times at any place.
//
// With a model that predicts the velocity, velocities are mixed.
func pndm(r run) stepper {
	p := &multistepPNDM{velocity: r.plan.prediction == Velocity, warmupCalls: r.plan.warmupCalls}
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		out := slope(s.Sigma, x, denoised)
		if norm := math.Hypot(s.Sigma, 1); p.velocity {
			out = tensor.Sum(float32(1/(norm*s.Sigma)), x, float32(-norm/s.Sigma), denoised)
		}
		return p.step(s, tensor.Scale(x, float32(1/math.Hypot(s.Sigma, 1))), out)
	})
}

type multistepPNDM struct {
	velocity    bool
	warmupCalls int // Runge-Kutta calls
	calls       int
	history     []tensor.Tensor // the model's outputs, the newest first
	saved       tensor.Tensor   // what the first call of a step began with, in the variance-preserving form
	mean        tensor.Tensor   // of the model's outputs in a Runge-Kutta step
}

// step takes z and the model's output there.
func (p *multistepPNDM) step(s Step, z, out tensor.Tensor) tensor.Tensor {
	p.calls++
	from, to := s.Sigma, s.NextSigma
	switch {
	case p.calls <= p.warmupCalls:
		out = p.rungeKutta(z, out)
		z, from = p.saved, s.FromSigma
	case p.calls == 2:
		out, z, from, to = tensor.Sum(0.5, out, 0.5, p.history[0]), p.saved, s.FromSigma, s.Sigma
	default:
		p.remember(out)
		out = mixSlopes(p.history)
	}
	if p.calls == 1 {
		p.saved = z
	}
	norm := math.Hypot(from, 1)
	if p.velocity {
		out = tensor.Sum(float32(1/norm), out, float32(from/norm), z)
	}
	x := tensor.Sum(float32(norm), z, float32(to-from), out)
	return tensor.Scale(x, float32(s.Gain*math.Hypot(s.NextSigma, 1)/math.Hypot(to, 1)))
}

// rungeKutta returns the direction of one of four calls, which all start where the first one did. The last step takes
// the mean of all four, weighted 1 : 2 : 2 : 1.
func (p *multistepPNDM) rungeKutta(z, out tensor.Tensor) tensor.Tensor {
	switch p.calls % 4 {
	case 1:
		p.remember(out)
		p.saved, p.mean = z, tensor.Scale(out, 1./6)
	case 0:
		return tensor.Sum(1, p.mean, 1./6, out)
	default:
		p.mean = tensor.Sum(1, p.mean, 1./3, out)
	}
	return out
}

// remember keeps the last four outputs of the model.
func (p *multistepPNDM) remember(out tensor.Tensor) {
	p.history = append([]tensor.Tensor{out}, p.history...)
	p.history = p.history[:min(len(p.history), 4)]
}

// mixSlopes extrapolates the last directions, the newest first, by Adams-Bashforth weights.
func mixSlopes(history []tensor.Tensor) tensor.Tensor {
	weights := [][]float32{
		{1}, {3. / 2, -1. / 2}, {23. / 12, -16. / 12, 5. / 12}, {55. / 24, -59. / 24, 37. / 24, -9. / 24},
	}
	sum := tensor.Scale(history[0], weights[len(history)-1][0])
	for i, w := range weights[len(history)-1][1:] {
		sum = tensor.Sum(1, sum, w, history[i+1])
	}
	return sum
}

// pndmConfiguredPlan is the plan that the folder asks for.
func pndmConfiguredPlan(c Config, steps, skip int) Plan {
	if c.RungeKutta {
		return rungeKuttaPlan(c, steps, skip)
	}
	return pndmPlan(c, steps).skipFirst(skip)
}

// The Runge-Kutta steps that PNDM begins with, and the calls of one.
const (
	rungeKuttaSteps = 3
	rungeKuttaCalls = 4
)

// rungeKuttaPlan is that of diffusers' PNDMScheduler without skip_prk_steps: of DDIM's times the first three steps have
// four calls, at the step's beginning, twice half a stride above its end, and at its end. Img2img counts its calls from
// 0 again, as in diffusers: whichever times are left, its first twelve calls start at the first three times of the
// whole plan.
func rungeKuttaPlan(c Config, steps, skip int) Plan {
	whole := pndmTimes(c, steps)
	stride := c.TrainSteps / steps
	half := float64(stride / 2)
	p := Plan{table: whole.table, warmupCalls: rungeKuttaSteps * rungeKuttaCalls}
	addCalls := func(times ...float64) {
		for _, time := range times {
			p.Steps = append(p.Steps, Step{Timestep: time, Sigma: p.table.at(time)})
		}
	}
	for i := range rungeKuttaSteps {
		end := whole.Steps[i+1].Timestep
		addCalls(whole.Steps[i].Timestep, end+half, end+half, end)
	}
	for _, s := range whole.Steps[rungeKuttaSteps:] {
		addCalls(s.Timestep)
	}
	p = p.skipFirst(skip)
	for i := range p.Steps {
		s := &p.Steps[i]
		to := s.Timestep - float64(stride)
		if i < p.warmupCalls {
			s.FromSigma = whole.Steps[i/rungeKuttaCalls].Sigma
			to = s.Timestep - half*float64(1-i%2)
		}
		if s.NextSigma = p.table.at(max(to, 0)); to < 0 && c.alphaToOne(false) {
			s.NextSigma = 0
		}
	}
	setGains(p.Steps)
	p.InitNoiseSigma = whole.InitNoiseSigma
	return p
}

// pndmTimes is a plan of DDIM's times with PNDMScheduler's own defaults: it does not end at zero.
func pndmTimes(c Config, steps int) Plan {
	return ddimPlanOver(c, diffusersTable(c, zeroSNRIgnored), steps, c.alphaToOne(false))
}

// pndmPlan is that of diffusers' PNDMScheduler with skip_prk_steps: DDIM's times, the second one twice.
func pndmPlan(c Config, steps int) Plan {
	p := pndmTimes(c, steps)
	if len(p.Steps) > 1 {
		p.Steps = append(p.Steps[:2:2], p.Steps[1:]...)
	}
	stride := float64(c.TrainSteps / steps)
	for i := range p.Steps {
		p.Steps[i].FromSigma = p.table.at(min(p.Steps[i].Timestep+stride, float64(c.TrainSteps-1)))
	}
	setGains(p.Steps)
	return p
}
