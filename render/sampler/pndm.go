package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// pndm is the pseudo linear multistep method of Liu et al. (2022), "Pseudo Numerical Methods for Diffusion Models on
// Manifolds", equation 12, begun as diffusers' PNDMScheduler does with skip_prk_steps: the second call repeats the
// first step with the mean of both directions. Further steps use
//
//	(3e−e₁)/2,  (23e−16e₁+5e₂)/12,  (55e−59e₁+37e₂−9e₃)/24
//
// A step is DDIM's, from the time that was asked about and not from the one the last step ended at; they differ after
// a repaint, which cuts the list of times wherever its strength says.
//
// With a model that predicts the velocity it is velocities that are mixed.
func pndm(r run) stepper {
	p := &multistepPNDM{velocity: r.plan.prediction == Velocity}
	return direct(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		out := slope(s.Sigma, x, denoised)
		if norm := math.Hypot(s.Sigma, 1); p.velocity {
			out = tensor.Sum(float32(1/(norm*s.Sigma)), x, float32(-norm/s.Sigma), denoised)
		}
		return p.step(s, tensor.Scale(x, float32(1/math.Hypot(s.Sigma, 1))), out)
	})
}

type multistepPNDM struct {
	velocity bool
	calls    int
	history  []tensor.Tensor // what the model put out, the newest first
	saved    tensor.Tensor   // what the first call began with, in the preserving frame
}

// step takes z and what the model put out there.
func (p *multistepPNDM) step(s Step, z, out tensor.Tensor) tensor.Tensor {
	p.calls++
	from, to := s.Sigma, s.To
	if p.calls == 2 {
		out, z, from, to = tensor.Sum(0.5, out, 0.5, p.history[0]), p.saved, s.Back, s.Sigma
	} else {
		p.history = append([]tensor.Tensor{out}, p.history...)
		p.history = p.history[:min(len(p.history), 4)]
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
	return tensor.Scale(x, float32(s.Gain*math.Hypot(s.To, 1)/math.Hypot(to, 1)))
}

// mixSlopes extrapolates the last directions, the newest first, by the weights of Adams and Bashforth.
func mixSlopes(history []tensor.Tensor) tensor.Tensor {
	weights := [][]float32{{1}, {3. / 2, -1. / 2}, {23. / 12, -16. / 12, 5. / 12}, {55. / 24, -59. / 24, 37. / 24, -9. / 24}}
	sum := tensor.Scale(history[0], weights[len(history)-1][0])
	for i, w := range weights[len(history)-1][1:] {
		sum = tensor.Sum(1, sum, w, history[i+1])
	}
	return sum
}

// pndmPlan is diffusers' PNDMScheduler's with skip_prk_steps: DDIM's times, the second one twice.
func pndmPlan(c Config, steps int) Plan {
	p := ddimPlanOf(c, steps, ignored)
	if len(p.Steps) > 1 {
		p.Steps = append(p.Steps[:2:2], p.Steps[1:]...)
	}
	stride := float64(c.TrainSteps / steps)
	for i := range p.Steps {
		p.Steps[i].Back = p.table.at(min(p.Steps[i].Time+stride, float64(c.TrainSteps-1)))
	}
	joinSteps(p.Steps)
	return p
}
