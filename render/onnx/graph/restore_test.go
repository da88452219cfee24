package graph

import (
	"math"
	"testing"

	"darkroom/render/tensor"
)

func TestRestoreConstant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		half uint16
		want float64
	}{
		{0x3da8, math.Sqrt2},          // 1.4140625
		{0x3ecf, 1.702},               // 1.7021484
		{0x35a8, math.Pow(64, -0.25)}, // 0.35351562, of CLIP's heads
		{0x310f, 1 / math.Sqrt(40)},   // of Stable Diffusion 1's first heads
		{0x2c00, 1.0 / 16},            // exact
		{0x3800, 0.5}, {0x3c00, 1}, {0, 0}, {0xbc00, -1}, {0x7c00, math.Inf(1)}, {0xfbff, -65504}, {0x4248, 3.140625},
	} {
		if got := restoreConstant(tensor.FromFloat16(c.half)); got != float32(c.want) {
			t.Errorf("%v: got %v, want %v", tensor.FromFloat16(c.half), got, c.want)
		}
	}
	for h := range 1 << 16 {
		x := float64(tensor.FromFloat16(uint16(h)))
		if got := float64(restoreConstant(float32(x))); math.Abs(got-x) > math.Abs(x)/2048 {
			t.Errorf("%v became %v, want it within float16's last digit", x, got)
		}
	}
}
