package tensor

import "testing"

func TestResizeBilinear(t *testing.T) {
	t.Parallel()
	// python -c "import torch; print(torch.nn.functional.interpolate(torch.tensor([[[[1.,2.],[5.,9.]]]]), (3,4),
	// mode='bilinear'))"
	in := Tensor{Shape: []int{1, 1, 2, 2}, Data: []float32{1, 2, 5, 9}}
	want := []float32{1, 1.25, 1.75, 2, 3, 3.625, 4.875, 5.5, 5, 6, 8, 9}
	for i, v := range ResizeBilinear(in, 3, 4).Data {
		if v-want[i] > 1e-5 || want[i]-v > 1e-5 {
			t.Errorf("value %d: got %v, want %v", i, v, want[i])
		}
	}
}

func TestResizeNearest(t *testing.T) {
	t.Parallel()
	in := Tensor{Shape: []int{1, 1, 2, 2}, Data: []float32{1, 2, 5, 9}}
	want := []float32{1, 1, 2, 1, 1, 2, 5, 5, 9}
	for i, v := range ResizeNearest(in, 3, 3).Data {
		if v != want[i] {
			t.Errorf("value %d: got %v, want %v", i, v, want[i])
		}
	}
}

func TestAveragePool(t *testing.T) {
	t.Parallel()
	in := Tensor{Shape: []int{1, 1, 2, 3}, Data: []float32{1, 2, 7, 5, 8, 7}}
	if got := AveragePool(in, 2); len(got.Data) != 1 || got.Data[0] != 4 {
		t.Errorf("got %v, want one value, 4", got)
	}
}
