// Package tensor holds the array type that the packages of render pass to each other: dense, row-major float32.
package tensor

import (
	"fmt"
	"math"
	"slices"
)

// Tensor is a dense row-major array. Data has exactly as many values as Shape says; New and Of ensure that.
type Tensor struct {
	Shape []int
	Data  []float32
}

// New returns a tensor of zeros.
func New(shape ...int) Tensor {
	return Tensor{Shape: slices.Clone(shape), Data: make([]float32, volume(shape))}
}

// Of wraps data, which is kept and not copied, in a shape. It reports an error when the two do not fit.
func Of(data []float32, shape ...int) (Tensor, error) {
	t := Tensor{Shape: slices.Clone(shape), Data: data}
	return t, t.Check()
}

// Check reports an error unless every dimension is positive and Data has the length that Shape asks for.
func (t Tensor) Check() error {
	n := 1
	for _, d := range t.Shape {
		if d <= 0 || n > math.MaxInt32/d {
			return fmt.Errorf("tensor shape %v: want positive dimensions of at most 2^31 values", t.Shape)
		}
		n *= d
	}
	if len(t.Data) != n {
		return fmt.Errorf("tensor shape %v wants %d values, got %d", t.Shape, n, len(t.Data))
	}
	return nil
}

// Clone returns a copy that shares nothing with t.
func (t Tensor) Clone() Tensor {
	return Tensor{Shape: slices.Clone(t.Shape), Data: slices.Clone(t.Data)}
}

// Like returns zeros in the shape of t.
func (t Tensor) Like() Tensor { return New(t.Shape...) }

// Batch is the first dimension, or 0 for a tensor without any.
func (t Tensor) Batch() int {
	if len(t.Shape) == 0 {
		return 0
	}
	return t.Shape[0]
}

// Row returns item i of the batch as a batch of one. It shares its values with t.
func (t Tensor) Row(i int) Tensor { return t.Rows(i, i+1) }

// Rows returns items from to to-1 of the batch. They share their values with t.
func (t Tensor) Rows(from, to int) Tensor {
	stride := volume(t.Shape[1:])
	shape := slices.Clone(t.Shape)
	shape[0] = to - from
	return Tensor{Shape: shape, Data: t.Data[from*stride : to*stride : to*stride]}
}

// SameShape says whether two tensors have the same dimensions.
func SameShape(a, b Tensor) bool { return slices.Equal(a.Shape, b.Shape) }

func volume(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
