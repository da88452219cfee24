package tensor

import (
	"slices"
	"testing"
)

func TestCrop(t *testing.T) {
	t.Parallel()
	whole := New(1, 2, 3, 4)
	for i := range whole.Data {
		whole.Data[i] = float32(i)
	}
	got := Crop(whole, 1, 2, 5, 2) // it reaches beyond the lower edge
	if !slices.Equal(got.Shape, []int{1, 2, 2, 2}) || !slices.Equal(got.Data, []float32{6, 7, 10, 11, 18, 19, 22, 23}) {
		t.Errorf("got %v of shape %v", got.Data, got.Shape)
	}
}
