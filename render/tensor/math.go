package tensor

import (
	"fmt"
	"slices"
)

// Finite says whether no value is an infinity or not a number.
func (t Tensor) Finite() bool {
	return !slices.ContainsFunc(t.Data, func(v float32) bool { return v-v != 0 })
}

// Scale returns t × k.
func Scale(t Tensor, k float32) Tensor {
	out := t.Like()
	for i, v := range t.Data {
		out.Data[i] = v * k
	}
	return out
}

// Sum returns p·a + q·b, value by value. Each product is rounded to float32 before the addition, as separate
// tensor operations do, so the compiler must not fuse them. The shapes must agree.
func Sum(p float32, a Tensor, q float32, b Tensor) Tensor {
	mustAgree(a, b)
	out := a.Like()
	for i, v := range a.Data {
		out.Data[i] = float32(p*v) + float32(q*b.Data[i])
	}
	return out
}

// Lerp returns a + (b − a) × t, value by value: guidance of scale t, a mix of two latents.
func Lerp(a, b Tensor, t float32) Tensor {
	mustAgree(a, b)
	out := a.Like()
	for i, v := range a.Data {
		out.Data[i] = v + float32(t*(b.Data[i]-v))
	}
	return out
}

// Concat joins tensors along the first dimension. All further dimensions must agree.
func Concat(parts ...Tensor) (Tensor, error) {
	if len(parts) == 0 {
		return Tensor{}, fmt.Errorf("concat: no tensors")
	}
	shape := slices.Clone(parts[0].Shape)
	if len(shape) == 0 {
		return Tensor{}, fmt.Errorf("concat: a tensor without dimensions")
	}
	shape[0] = 0
	var data []float32
	for _, p := range parts {
		if len(p.Shape) == 0 || !slices.Equal(p.Shape[1:], shape[1:]) {
			return Tensor{}, fmt.Errorf("concat: shape %v beside %v", p.Shape, parts[0].Shape)
		}
		shape[0] += p.Shape[0]
		data = append(data, p.Data...)
	}
	return Tensor{Shape: shape, Data: data}, nil
}

// Repeat returns the batch n times over: [a b] becomes [a b a b].
func Repeat(t Tensor, n int) Tensor {
	shape := slices.Clone(t.Shape)
	shape[0] *= n
	return Tensor{Shape: shape, Data: slices.Repeat(t.Data, n)}
}

// mustAgree panics where shapes differ: that is a fault of the program, not of its input.
func mustAgree(a, b Tensor) {
	if !SameShape(a, b) {
		panic(fmt.Sprintf("tensor shapes %v and %v differ", a.Shape, b.Shape))
	}
}
