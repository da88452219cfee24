package tensor

import (
	"math"
	"slices"
	"testing"
)

func TestTensor(t *testing.T) {
	t.Parallel()
	t.Run("a shape that does not fit its data is refused", func(t *testing.T) {
		t.Parallel()
		for _, shape := range [][]int{{2, 2}, {3, 0}, {-1, -3}, {1 << 20, 1 << 20}} {
			if _, err := Of(make([]float32, 3), shape...); err == nil {
				t.Errorf("shape %v over 3 values: got no error", shape)
			}
		}
		if _, err := Of(make([]float32, 6), 2, 3); err != nil {
			t.Errorf("shape [2 3] over 6 values: got %v", err)
		}
	})
	t.Run("rows are views of the batch", func(t *testing.T) {
		t.Parallel()
		a := Tensor{Shape: []int{3, 2}, Data: []float32{0, 1, 2, 3, 4, 5}}
		r := a.Row(1)
		if !slices.Equal(r.Data, []float32{2, 3}) || !slices.Equal(r.Shape, []int{1, 2}) {
			t.Errorf("row 1: got %v", r)
		}
		r.Data[0] = 9
		if a.Data[2] != 9 {
			t.Errorf("row 1 does not share its values")
		}
	})
	t.Run("a clone shares nothing", func(t *testing.T) {
		t.Parallel()
		a := New(2, 2)
		b := a.Clone()
		b.Data[0], b.Shape[0] = 1, 7
		if a.Data[0] != 0 || a.Shape[0] != 2 {
			t.Errorf("the original changed: %v", a)
		}
	})
}

func TestArithmetic(t *testing.T) {
	t.Parallel()
	a := Tensor{Shape: []int{1, 3}, Data: []float32{1, 2, 3}}
	b := Tensor{Shape: []int{1, 3}, Data: []float32{10, 20, 30}}
	for name, c := range map[string]struct {
		got  Tensor
		want []float32
	}{
		"scale":  {Scale(a, 2), []float32{2, 4, 6}},
		"add":    {Sum(1, a, 1, b), []float32{11, 22, 33}},
		"sum":    {Sum(2, a, -1, b), []float32{-8, -16, -24}},
		"lerp":   {Lerp(a, b, 0.5), []float32{5.5, 11, 16.5}},
		"repeat": {Repeat(a, 2), []float32{1, 2, 3, 1, 2, 3}},
	} {
		if !slices.Equal(c.got.Data, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.got.Data, c.want)
		}
	}
}

func TestConcat(t *testing.T) {
	t.Parallel()
	t.Run("joins along the batch", func(t *testing.T) {
		t.Parallel()
		got, err := Concat(New(1, 2), Tensor{Shape: []int{2, 2}, Data: []float32{1, 2, 3, 4}})
		if err != nil || !slices.Equal(got.Shape, []int{3, 2}) || !slices.Equal(got.Data, []float32{0, 0, 1, 2, 3, 4}) {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("refuses what does not fit", func(t *testing.T) {
		t.Parallel()
		if _, err := Concat(New(1, 2), New(1, 3)); err == nil {
			t.Errorf("shapes [1 2] and [1 3]: got no error")
		}
		if _, err := Concat(); err == nil {
			t.Errorf("nothing: got no error")
		}
		if _, err := Concat(New()); err == nil {
			t.Errorf("a scalar: got no error")
		}
	})
}

func TestMismatchPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Errorf("adding [1] to [2]: got no panic")
		}
	}()
	Sum(1, New(1), 1, New(2))
}

func TestFinite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value float64
		want  bool
	}{{0, true}, {-3, true}, {math.MaxFloat32, true}, {math.NaN(), false}, {math.Inf(1), false}, {math.Inf(-1), false}} {
		if got := (Tensor{Shape: []int{2}, Data: []float32{1, float32(c.value)}}).Finite(); got != c.want {
			t.Errorf("%v: got %v, want %v", c.value, got, c.want)
		}
	}
}
