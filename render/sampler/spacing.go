package sampler

import "math"

// The times of diffusers' schedulers, falling. N is the number of training steps; rounding is half to even, as
// numpy's.

// leadingTimes are 0, N/n, 2N/n, … (N/n rounded down), reversed and moved by the offset.
func leadingTimes(c Config, steps int) []float64 {
	return leadingBy(c, steps, c.TrainSteps/steps)
}

func leadingBy(c Config, steps, stride int) []float64 {
	times := make([]float64, steps)
	for i := range times {
		times[i] = min(float64((steps-1-i)*stride+c.StepsOffset), float64(c.TrainSteps-1))
	}
	return times
}

// trailingTimes are N, N−N/n, N−2N/n, … down to above 0, rounded, less one. Like numpy's arange, which diffusers
// calls for it, the list may be one entry longer than requested.
func trailingTimes(c Config, steps int) []float64 {
	stride := float64(c.TrainSteps) / float64(steps)
	times := make([]float64, int(math.Ceil(float64(c.TrainSteps)/stride)))
	for i := range times {
		times[i] = max(math.RoundToEven(float64(c.TrainSteps)-float64(float64(i)*stride))-1, 0)
	}
	return times
}

// linspaceTimes divides 0 to N−1 evenly, both ends included, and leaves out the last drop of them.
func linspaceTimes(c Config, steps, drop int) []float64 {
	times := make([]float64, steps)
	for i := range times {
		whole := steps + drop - 1
		if whole == 0 {
			continue // one step: numpy's linspace(0, N−1, 1) is its first end, 0
		}
		times[i] = float64(whole-i) * (float64(c.TrainSteps-1) / float64(whole))
	}
	return times
}

func roundAll(times []float64) []float64 {
	for i, t := range times {
		times[i] = math.RoundToEven(t)
	}
	return times
}
