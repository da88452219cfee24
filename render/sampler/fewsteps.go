package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// distilled is how many steps the schedule has that consistency models are distilled on (original_inference_steps).
const distilled = 50

// lcm samples a consistency model (Luo et al., 2023, "Latent Consistency Models", algorithm 3): each step jumps to the
// end and climbs back on fresh noise. With s = 10·t and σ_data = 1/2:
//
//	E = s/√(s²+¼)·D + ¼/(s²+¼)·z,  x' = E + σ'·noise
func lcm(r run) stepper {
	return direct(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		scaled := s.Time * 10
		skip, out := 0.25/(scaled*scaled+0.25), scaled/math.Sqrt(scaled*scaled+0.25)
		end := tensor.Sum(float32(out), denoised, float32(skip/math.Hypot(s.Sigma, 1)), x)
		if s.To == 0 {
			return end
		}
		return tensor.Sum(1, end, float32(s.To), r.Noise())
	})
}

// tcd samples by strategic stochastic sampling (Zheng et al., 2024, "Trajectory Consistency Distillation", algorithm 4)
// with γ = 0.3: down to the time (1−γ)·t', and back up to t' on fresh noise. The last step ends at the table's first
// level and takes none.
func tcd(r run) stepper {
	const keep = float32(1 - 0.3)
	return direct(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		time := math.Round(r.plan.table.time(s.To))
		low := r.plan.table.at(math.Floor(float64(keep * float32(time))))
		x = towards(low/s.Sigma, x, denoised)
		if s.Gain != 0 {
			return tensor.Scale(x, float32(s.Gain))
		}
		return tensor.Sum(1, x, float32(math.Sqrt(s.To*s.To-low*low)), r.Noise())
	})
}

// lcmPlan is that of diffusers' LCMScheduler: so many of the distilled times, evenly spaced in their number.
func lcmPlan(c Config, steps int) Plan {
	t := diffusersTable(c)
	p := Plan{Start: 1, table: t}
	stride := c.TrainSteps / distilled
	for i := range steps {
		index := int(math.Floor(float64(distilled*i) / float64(steps)))
		time := float64((distilled-index)*stride - 1)
		p.Steps = append(p.Steps, Step{Sigma: t.at(time), Time: time})
		if i > 0 {
			p.Steps[i-1].To = t.at(time)
		}
	}
	p.Start = math.Hypot(p.high(), 1)
	return p
}

// tcdPlan is that of diffusers' TCDScheduler: the same times, ending at the table's first level.
func tcdPlan(c Config, steps int) Plan {
	p := lcmPlan(c, steps)
	last := &p.Steps[len(p.Steps)-1]
	last.To = p.table[0]
	last.Gain = 1 / math.Hypot(last.To, 1)
	return p
}
