package tensor

import (
	"math"
	"testing"
)

func TestFloat16RoundTrip(t *testing.T) {
	t.Parallel()
	for h := range 1 << 16 {
		x := FromFloat16(uint16(h))
		if x != x {
			if got := ToFloat16(x); got&0x7fff <= 0x7c00 {
				t.Errorf("%#04x is not a number, got %#04x back", h, got)
			}
			continue
		}
		if got := ToFloat16(x); got != uint16(h) {
			t.Errorf("%#04x = %v: got %#04x back", h, x, got)
		}
	}
}

func TestFloat16Rounding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		give float64
		want uint16
	}{
		{1, 0x3c00}, {-2, 0xc000}, {65504, 0x7bff}, {65519.99, 0x7bff}, {65520, 0x7c00}, {1e9, 0x7c00},
		{math.Inf(-1), 0xfc00}, {1 + 1.0/2048, 0x3c00}, {1 + 3.0/2048, 0x3c02},
		{1 + 1.01/2048, 0x3c01}, {0x1p-14, 0x0400}, {0x1p-24, 0x0001}, {0x1p-25, 0x0000}, {0x1.8p-25, 0x0001},
		{0x1.ff8p-15, 0x03ff}, {0x1.ffcp-15, 0x0400}, {0, 0}, {math.Copysign(0, -1), 0x8000}, {1e-30, 0},
	} {
		if got := ToFloat16(float32(c.give)); got != c.want {
			t.Errorf("%v: got %#04x, want %#04x", c.give, got, c.want)
		}
	}
}
