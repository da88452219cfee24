package sampler

import "math"

// The levels that Sabour et al. (2024), "Align Your Steps", found best for ten steps: their published tables.

// alignedTimes are their training times, as diffusers has them (AysSchedules).
func alignedTimes(c Config) []float64 {
	if c.SDXL {
		return []float64{999, 845, 730, 587, 443, 310, 193, 116, 53, 13}
	}
	return []float64{999, 850, 736, 645, 545, 455, 343, 233, 124, 24}
}

// alignedLevels are their levels, as A1111 has them.
func alignedLevels(xl bool) []float64 {
	if xl {
		return []float64{14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029}
	}
	return []float64{14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029}
}

// align takes so many levels from the table, even steps apart, on straight lines of ln σ between its entries: A1111's
// "Align Your Steps".
func align(c Config, steps int) []float64 {
	given := alignedLevels(c.SDXL)
	levels := make([]float64, steps)
	if steps == len(given) {
		for i, sigma := range given {
			levels[i] = toFloat32(sigma)
		}
		return levels
	}
	last := len(given) - 1
	for i := range levels {
		place := (1 - fraction(steps-1-i, steps)) * float64(last)
		if steps == 1 {
			place = float64(last) // the list is laid out from its end, and one value of it is the end
		}
		low := min(int(place), last-1)
		from, to := math.Log(given[low]), math.Log(given[low+1])
		levels[i] = toFloat32(math.Exp(from + (place-float64(low))*(to-from)))
	}
	return levels
}
