package sampler

import "math"

// exponential64 are even steps of ln σ, as diffusers calculates them (use_exponential_sigmas).
func exponential64(steps int, lowest, highest float64) []float64 {
	levels := make([]float64, steps)
	from, to := math.Log(highest), math.Log(lowest)
	for i := range levels {
		log := from + fraction(i, steps)*(to-from)
		if i == steps-1 && i > 0 {
			log = to // as numpy's linspace ends
		}
		levels[i] = math.Exp(log)
	}
	return levels
}

// exponential is k-diffusion's get_sigmas_exponential over the whole table: even steps of ln σ.
func exponential(t table, steps int) []float64 {
	levels := make([]float64, steps)
	linspace32(levels, float32(math.Log(t.last())), float32(math.Log(t[0])))
	if steps == 1 {
		levels[0] = toFloat32(math.Log(t.last()))
	}
	for i, log := range levels {
		levels[i] = toFloat32(math.Exp(log))
	}
	return levels
}

// polyexponential is k-diffusion's get_sigmas_polyexponential with ρ = 1, A1111's default: the same levels by other
// roundings.
func polyexponential(t table, steps int) []float64 {
	levels := make([]float64, steps)
	low, high := math.Log(t[0]), math.Log(t.last())
	linspace32(levels, 1, 0)
	if steps == 1 {
		levels[0] = 1
	}
	for i, part := range levels {
		levels[i] = toFloat32(math.Exp(toFloat32(toFloat32(part*toFloat32(high-low)) + toFloat32(low))))
	}
	return levels
}

// luLambdas are even steps of λ = −ln σ, as DPM-Solver's authors (Lu et al., 2022) space them, and diffusers with
// use_lu_lambdas. It begins with the table's float32 logarithms.
func luLambdas(steps int, lowest, highest float64) []float64 {
	levels := make([]float64, steps)
	from, to := toFloat32(math.Log(highest)), toFloat32(math.Log(lowest))
	for i := range levels {
		levels[i] = math.Exp(from + fraction(i, steps)*(to-from))
	}
	return levels
}
