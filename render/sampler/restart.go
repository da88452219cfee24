package sampler

import (
	"context"
	"math"

	"darkroom/render/tensor"
)

// restart is A1111's sampler Restart (Xu et al., 2023, "Restart Sampling for Improving Generative Processes"): Heun
// steps over a plan that returns to higher sigmas, by adding noise, in between.
//
//	x ← x + √(σ²−σ_last²)·noise where a step begins above the last one's end
func restart(r run) stepper {
	lastSigma := math.Inf(1)
	step := heun(r)
	return func(ctx context.Context, s Step, x tensor.Tensor) (tensor.Tensor, tensor.Tensor, error) {
		if lastSigma < s.Sigma {
			x = tensor.Sum(1, x, float32(math.Sqrt(s.Sigma*s.Sigma-lastSigma*lastSigma)), r.Noise())
		}
		lastSigma = s.NextSigma
		return step(ctx, s, x)
	}
}

// The range that A1111 samples again, in σ.
const (
	restartLow  = 0.1
	restartHigh = 2
)

// restartPlan takes the given schedule as it is below 20 steps. From 20 on it spaces Karras' sigmas over its range,
// with nine steps fewer, and samples nine steps from about σ = 2 to 0.1 again; from 36 on a quarter of the steps,
// twice.
func restartPlan(by a1111Schedule) func(c Config, steps, skip int) Plan {
	return func(c Config, steps, skip int) Plan {
		t := a1111Table(c)
		levels := by.levels(c, t, steps)
		levels = levels[min(max(skip, 0), len(levels)-2):]
		steps = len(levels) - 1
		if steps < 20 {
			return denoiserPlan(t, levels)
		}
		again, times := 9, 1
		if steps >= 36 {
			again, times = steps/4, 2
		}
		main := append(karrasBetween(steps-again*times, levels[steps-1], levels[0]), 0)
		low, high := nearestLevel(main, restartLow), nearestLevel(main, restartHigh)
		p := denoiserPlan(t, main)
		if low == 0 || high >= low {
			return p
		}
		stretch := denoiserPlan(t, karrasBetween(again+1, main[low], main[high])).Steps
		out := append([]Step(nil), p.Steps[:low]...)
		for range times {
			out = append(out, stretch...)
		}
		p.Steps = append(out, p.Steps[low:]...)
		return p
	}
}

func nearestLevel(levels []float64, sigma float64) int {
	best := 0
	for i, level := range levels {
		if math.Abs(level-sigma) < math.Abs(levels[best]-sigma) {
			best = i
		}
	}
	return best
}
