package tensor

import (
	"slices"
	"testing"
)

func TestRepeatLastRow(t *testing.T) {
	t.Parallel()
	x, err := Of([]float32{1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	got := RepeatLastRow(x, 4)
	if want := []float32{1, 2, 3, 4, 3, 4, 3, 4, 5, 6, 7, 8, 7, 8, 7, 8}; !slices.Equal(got.Data, want) ||
		!slices.Equal(got.Shape, []int{2, 4, 2}) {
		t.Errorf("got %v of shape %v, want %v", got.Data, got.Shape, want)
	}
	if got := RepeatLastRow(x, 2); !slices.Equal(got.Data, x.Data) {
		t.Errorf("long enough: got %v, want it unchanged", got.Data)
	}
}
