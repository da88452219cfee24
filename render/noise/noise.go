// Package noise draws the random numbers a picture starts from, the same ones that PyTorch and A1111 draw for a seed.
package noise

import "darkroom/render/tensor"

// Source yields standard normal numbers in a reproducible order. Torch and Philox are the two there are.
type Source interface {
	// Fill overwrites dst with the numbers of one call of randn for so many values.
	Fill(dst []float32)
}

// Toward moves the starting noise towards the noise of another seed.
type Toward struct {
	Seed     int64
	Strength float64 // 0 leaves the noise as it is, 1 replaces it
}

// Draw returns one call of randn: a tensor of standard normal numbers.
func Draw(s Source, shape ...int) tensor.Tensor {
	t := tensor.New(shape...)
	s.Fill(t.Data)
	return t
}

// Start returns the starting noise of one picture of shape [1, channels, height, width]: the next draw of s, moved
// along the chain of variations one after the other. Each variation draws from a source of its own, which open
// makes, so s is left exactly one draw further, ready for the noise of the steps.
func Start(s Source, open func(seed int64) Source, chain []Toward, shape ...int) tensor.Tensor {
	x := Draw(s, shape...)
	for _, v := range chain {
		x = Slerp(x, Draw(open(v.Seed), shape...), v.Strength)
	}
	return x
}
