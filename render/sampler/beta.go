package sampler

import "math"

// betaShape is both parameters of the beta distribution whose quantiles the levels follow: Lee et al. (2024), "Beta
// Sampling is All You Need", with the values of diffusers and A1111.
const betaShape = 0.6

// betaLevels are σ at the quantiles 1 to 0 of the beta distribution (diffusers' use_beta_sigmas, A1111's
// beta_scheduler).
func betaLevels(steps int, lowest, highest float64) []float64 {
	levels := make([]float64, steps)
	for i := range levels {
		levels[i] = lowest + betaQuantile(1-fraction(i, steps))*(highest-lowest)
	}
	return levels
}

// betaQuantile inverts the symmetric distribution's function by Newton's method within an interval, which is halved
// where a step would leave it. The upper half mirrors the lower one, where floating-point numbers are finer.
func betaQuantile(p float64) float64 {
	switch {
	case p <= 0:
		return 0
	case p >= 1:
		return 1
	case p > 0.5:
		return 1 - betaQuantile(1-p)
	}
	low, high := 0.0, 0.5
	x := 0.25
	for range 200 {
		miss := betaCDF(x) - p
		if miss > 0 {
			high = x
		} else {
			low = x
		}
		next := x - miss/betaDensity(x)
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		if math.Abs(next-x) <= 1e-17*x || next == x {
			return next
		}
		x = next
	}
	return x
}

func betaDensity(x float64) float64 {
	return math.Exp((betaShape-1)*(math.Log(x)+math.Log1p(-x)) - logBeta())
}

// logBeta is ln B(a, a).
func logBeta() float64 {
	one, _ := math.Lgamma(betaShape)
	two, _ := math.Lgamma(2 * betaShape)
	return 2*one - two
}

// betaCDF is the regularised incomplete beta function I_x(a, a) for x up to 1/2, by the continued fraction 26.5.8 of
// Abramowitz and Stegun, evaluated by Lentz's method.
func betaCDF(x float64) float64 {
	const a, tiny = betaShape, 1e-300
	c, d := 1.0, 1/nonzero(1-2*a*x/(a+1), tiny)
	sum := d
	for m := 1.0; m < 500; m++ {
		for _, term := range [2]float64{
			m * (a - m) * x / ((a + 2*m - 1) * (a + 2*m)),
			-(a + m) * (2*a + m) * x / ((a + 2*m) * (a + 2*m + 1)),
		} {
			d = 1 / nonzero(1+term*d, tiny)
			c = nonzero(1+term/c, tiny)
			sum *= c * d
		}
		if math.Abs(c*d-1) < 1e-16 {
			break
		}
	}
	return sum * math.Exp(a*(math.Log(x)+math.Log1p(-x))-logBeta()) / a
}

func nonzero(x, tiny float64) float64 {
	if math.Abs(x) < tiny {
		return tiny
	}
	return x
}
