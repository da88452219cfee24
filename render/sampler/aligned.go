package sampler

import "math"

// AlignedSteps are the ten steps that Sabour et al. (2024), "Align Your Steps", found best for one architecture: their
// published tables.
type AlignedSteps struct {
	Times  [10]float64 // training times, as diffusers has them (AysSchedules)
	Sigmas [11]float64 // as A1111 has them
}

// alignedSD1 returns the table of Stable Diffusion 1. Models without a table of their own use it.
func alignedSD1() AlignedSteps {
	return AlignedSteps{
		Times:  [10]float64{999, 850, 736, 645, 545, 455, 343, 233, 124, 24},
		Sigmas: [11]float64{14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029},
	}
}

// AlignedSDXL returns the table of Stable Diffusion XL.
func AlignedSDXL() AlignedSteps {
	return AlignedSteps{
		Times:  [10]float64{999, 845, 730, 587, 443, 310, 193, 116, 53, 13},
		Sigmas: [11]float64{14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029},
	}
}

// aligned returns the model's table.
func (c Config) aligned() AlignedSteps {
	if c.AlignedSteps == (AlignedSteps{}) {
		return alignedSD1()
	}
	return c.AlignedSteps
}

func alignedTimes(c Config) []float64 {
	table := c.aligned()
	return table.Times[:]
}

// align takes that many levels from the table, evenly spaced, on straight lines of ln σ between its entries: A1111's
// "Align Your Steps".
func align(c Config, steps int) []float64 {
	given := c.aligned().Sigmas
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
			place = float64(last) // the list is computed from its end, and its only value is the end
		}
		low := min(int(place), last-1)
		from, to := math.Log(given[low]), math.Log(given[low+1])
		levels[i] = toFloat32(math.Exp(from + (place-float64(low))*(to-from)))
	}
	return levels
}
