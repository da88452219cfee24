// Package noise draws the random numbers that an image starts from, the same that PyTorch and A1111 draw for a seed.
package noise

import "darkroom/render/tensor"

// Source yields standard normal numbers in a reproducible order. Torch and Philox implement it.
type Source interface {
	// Fill overwrites dst with the numbers of one call of randn for that many values.
	Fill(dst []float32)
}

// Variation moves the starting noise towards the noise of another seed.
type Variation struct {
	Seed     int64
	Strength float64 // 0 leaves the noise as it is, 1 replaces it
}

// Draw returns one call of randn: a tensor of standard normal numbers.
func Draw(s Source, shape ...int) tensor.Tensor {
	t := tensor.New(shape...)
	s.Fill(t.Data)
	return t
}

// StartOptions is what decides the starting noise of an image besides its seed and its size.
type StartOptions struct {
	Variations []Variation // moves the noise towards that of other seeds, one after the other
	Height     int         // of the latents whose noise is kept, see Start; 0 for the image's own
	Width      int
}

// Start returns the starting noise of one image of shape [1, channels, height, width]: the next draw of s, moved by
// each variation in turn. Each variation draws from a source of its own, which open makes, so s has made exactly one
// draw and is ready for the noise of the steps.
//
// With another size, that noise is made for latents of that size, from a source of the image's seed, and its centre is
// put over the centre of the next draw of s: A1111's "resize seed from".
func Start(s Source, open func(seed int64) Source, seed int64, b StartOptions, shape ...int) tensor.Tensor {
	if b.Height < 1 || b.Width < 1 || b.Height == shape[2] && b.Width == shape[3] {
		return vary(Draw(s, shape...), open, b.Variations)
	}
	small := vary(Draw(open(seed), shape[0], shape[1], b.Height, b.Width), open, b.Variations)
	x := Draw(s, shape...)
	pasteCentre(x, small)
	return x
}

func vary(x tensor.Tensor, open func(seed int64) Source, chain []Variation) tensor.Tensor {
	for _, v := range chain {
		x = Slerp(x, Draw(open(v.Seed), x.Shape...), v.Strength)
	}
	return x
}

// pasteCentre copies the middle of one noise over the middle of another, as A1111 does: half of the difference,
// rounded down, is left out on each side.
func pasteCentre(x, from tensor.Tensor) {
	height, toY, fromY := overlap(x.Shape[2], from.Shape[2])
	width, toX, fromX := overlap(x.Shape[3], from.Shape[3])
	for plane := range x.Shape[1] {
		for row := range height {
			to := (plane*x.Shape[2]+toY+row)*x.Shape[3] + toX
			at := (plane*from.Shape[2]+fromY+row)*from.Shape[3] + fromX
			copy(x.Data[to:to+width], from.Data[at:at+width])
		}
	}
}

// overlap says how much of a side lies over the middle of another, and where it begins on both.
func overlap(side, other int) (length, at, from int) {
	gap := (side - other) >> 1 // rounded down, also below zero
	if gap >= 0 {
		return other, gap, 0
	}
	return other + 2*gap, 0, -gap
}

// StepSource returns the source of the noise of the steps: the image's own, or with a delta another one, of the seed
// plus the delta (A1111's "eta noise seed delta", ENSD).
func StepSource(s Source, open func(seed int64) Source, seed, delta int64) Source {
	if delta == 0 {
		return s
	}
	return open(seed + delta)
}
