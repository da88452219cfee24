package graph

import "math"

// maxHeadWidth is how many numbers an attention head has at most: 160 in Stable Diffusion 1, 64 in the others and in
// CLIP.
const maxHeadWidth = 160

// restoreConstant restores the digits of a constant that the exporter rounded to float16, and torch does not round: √2
// and 1.702, by which the two forms of GELU divide and multiply, and 1/√d and ⁴√(1/d), by which attention with heads of
// d numbers is scaled. Any other number stays. A number that is one of these by chance changes by less than half of
// float16's last digit.
func restoreConstant(rounded float32) float32 {
	for _, c := range []float64{math.Sqrt2, 1.702} {
		if roundsTo(c, rounded) {
			return float32(c)
		}
	}
	for d := 1.0; d <= maxHeadWidth; d++ {
		for _, c := range []float64{math.Sqrt(1 / d), math.Sqrt(math.Sqrt(1 / d))} {
			if roundsTo(c, rounded) {
				return float32(c)
			}
		}
	}
	return rounded
}

// roundsTo says whether c becomes that number in float16, which has 11 digits.
func roundsTo(c float64, rounded float32) bool {
	_, exponent := math.Frexp(float64(rounded))
	return math.Abs(c-float64(rounded)) < math.Ldexp(1, exponent-12)
}
