package sampler

import "math"

const rho = 7 // of Karras et al.

// karras returns the levels of Karras et al. (2022), "Elucidating the Design Space of Diffusion-Based Generative
// Models", equation 5, with ρ = 7.
func karras(steps int, lowest, highest float64) []float64 {
	low, high := math.Pow(lowest, 1.0/rho), math.Pow(highest, 1.0/rho)
	levels := make([]float64, steps)
	for i := range levels {
		levels[i] = math.Pow(high+fraction(i, steps)*(low-high), rho)
	}
	return levels
}

// fraction is the place of entry i in a list of n, from 0 for the first to 1 for the last.
func fraction(i, n int) float64 {
	if n < 2 {
		return 0
	}
	return float64(i) / float64(n-1)
}

// karras32 is k-diffusion's get_sigmas_karras over the whole table: karras, in float32 up to the power. Brownian
// paths are read at times of six decimals, so the last digit of a sigma matters.
func karras32(t table, steps int) []float64 { return karrasBetween(steps, t[0], t.last()) }

func karrasBetween(steps int, lowest, highest float64) []float64 {
	low, high := math.Pow(lowest, 1.0/rho), math.Pow(highest, 1.0/rho)
	levels := make([]float64, steps)
	if steps > 1 { // torch's linspace of one value is its start
		linspace32(levels, 0, 1)
	}
	for i, part := range levels {
		levels[i] = toFloat32(math.Pow(toFloat32(toFloat32(part*toFloat32(low-high))+toFloat32(high)), rho))
	}
	return levels
}
