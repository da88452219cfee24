package noise

import (
	"math"

	"darkroom/render/tensor"
)

// parallelCosine is the mean cosine above which two noises count as one direction.
const parallelCosine = 0.9995

// Slerp moves low towards high on the sphere by strength, as A1111 does for variation seeds: angles are taken along
// the height axis of a [1, channels, height, width] tensor, one for each channel and column. Where the two are
// almost parallel it mixes linearly with the weights swapped, as A1111 does; both are the same noise then.
func Slerp(low, high tensor.Tensor, strength float64) tensor.Tensor {
	channels, height, width := low.Shape[1], low.Shape[2], low.Shape[3]
	cosines := make([]float64, channels*width)
	var mean float64
	for i := range cosines {
		cosines[i] = cosine(low, high, (i/width)*height*width+i%width, height, width)
		mean += cosines[i] / float64(len(cosines))
	}
	if mean > parallelCosine {
		return tensor.Sum(float32(strength), low, float32(1-strength), high)
	}
	out := low.Like()
	for i, c := range cosines {
		omega := math.Acos(min(max(c, -1), 1))
		p, q := float32(1-strength), float32(strength)
		if sine := math.Sin(omega); sine > 1e-9 {
			p = float32(math.Sin((1-strength)*omega) / sine)
			q = float32(math.Sin(strength*omega) / sine)
		}
		start := (i/width)*height*width + i%width
		for k := start; k < start+height*width; k += width {
			out.Data[k] = float32(p*low.Data[k]) + float32(q*high.Data[k])
		}
	}
	return out
}

// cosine returns that of the angle between one column of a and the same column of b.
func cosine(a, b tensor.Tensor, start, height, width int) float64 {
	var dot, aa, bb float64
	for k := start; k < start+height*width; k += width {
		x, y := float64(a.Data[k]), float64(b.Data[k])
		dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
	}
	return dot / math.Sqrt(aa*bb)
}
