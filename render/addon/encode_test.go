package addon

import (
	"math"
	"testing"

	"darkroom/render/safetensors"
)

// TestEncode writes every number that 8 and 16 bits hold as what it was, and rounds halfway to the even one.
func TestEncode(t *testing.T) {
	t.Parallel()
	for _, d := range []safetensors.DType{safetensors.F16, safetensors.BF16, safetensors.F8E4M3, safetensors.F8E5M2} {
		codes := 256
		if d.Size() == 2 {
			codes = 65536
		}
		previous := float32(math.NaN())
		for code := range codes {
			data := []byte{byte(code), byte(code >> 8)}[:d.Size()]
			x, err := safetensors.Floats(d, data)
			if err != nil {
				t.Fatal(err)
			}
			finite := !math.IsNaN(float64(x[0])) && !math.IsInf(float64(x[0]), 0)
			if !finite {
				previous = float32(math.NaN())
				continue
			}
			got, err := encode(d, x)
			if zero := x[0] == 0; err != nil || !zero && string(got) != string(data) {
				t.Fatalf("%s %v: got % x, %v, want % x", d, x[0], got, err, data)
			}
			if middle := float32((float64(previous) + float64(x[0])) / 2); code > 0 && previous*x[0] >= 0 {
				even := code &^ 1
				if code&1 == 1 {
					even = code - 1
				}
				want := []byte{byte(even), byte(even >> 8)}[:d.Size()]
				got, err := encode(d, []float32{middle})
				if zero := even&0x7f == 0; err != nil || !zero && string(got) != string(want) {
					t.Fatalf("%s %v, between two: got % x, %v, want % x", d, middle, got, err, want)
				}
			}
			previous = x[0]
		}
	}
	for x, want := range map[float32]uint16{65519.99: 0x7bff, 65520: 0x7c00, -70000: 0xfc00, 5.9e-8: 1, 2.9e-8: 0,
		1: 0x3c00} {
		if got := float16(x); got != want {
			t.Errorf("float16(%v): got %#x, want %#x", x, got, want)
		}
	}
	if _, err := encode("I64", []float32{1}); err == nil {
		t.Error("whole numbers: got no error")
	}
}
