package tensor_test

import (
	"slices"
	"testing"

	"darkroom/render/tensor"
)

func TestTranspose(t *testing.T) {
	t.Parallel()
	m := tensor.Tensor{Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}}
	got := tensor.Transpose(m)
	if !slices.Equal(got.Shape, []int{3, 2}) || !slices.Equal(got.Data, []float32{1, 4, 2, 5, 3, 6}) {
		t.Errorf("got %v %v", got.Shape, got.Data)
	}
}
