package sampler

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestLinspace32 compares every bit with torch 2.15.0 on a processor with AVX2:
//
//	hashlib.sha256(torch.linspace(start, end, n).numpy().tobytes()).hexdigest()[:16]
func TestLinspace32(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		start, end float64
		n          int
		want       string
	}{
		{math.Sqrt(0.00085), math.Sqrt(0.012), 1000, "887e773fcd02e6d7"},
		{0.0001, 0.02, 1000, "a455de8584c2913e"},
		{math.Sqrt(0.00085), math.Sqrt(0.012), 500, "0dede9b979180012"},
		{2.6, -3.5, 24, "897121b7a5a2f99b"},
		{1, 0, 23, "4f789cdf068213d2"},
		{999, 19, 50, "79a41694581e6418"},
	} {
		values := make([]float64, tt.n)
		linspace32(values, float32(tt.start), float32(tt.end))
		var data []byte
		for _, v := range values {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
		}
		sum := sha256.Sum256(data)
		if got := hex.EncodeToString(sum[:8]); got != tt.want {
			t.Errorf("%v to %v in %d: got %s, want %s", tt.start, tt.end, tt.n, got, tt.want)
		}
	}
}

// TestFMA32 compares with exact sums, of halfway cases too: there a float64 sum that is rounded again goes wrong.
func TestFMA32(t *testing.T) {
	t.Parallel()
	check := func(a, b, c float32) {
		exact := func(x float32) *big.Float { return new(big.Float).SetPrec(400).SetFloat64(float64(x)) }
		sum := exact(a)
		want, _ := sum.Mul(sum, exact(b)).Add(sum, exact(c)).Float32()
		if got := fma32(a, b, c); got != want {
			t.Errorf("%v·%v + %v: got %v, want %v", a, b, c, got, want)
		}
	}
	check(1+0x1p-12, 1+0x1p-12, 0x1p-60) // 1 + 2⁻¹¹ + 2⁻²⁴, and a little: above halfway
	check(1+0x1p-12, 1+0x1p-12, -0x1p-60)
	check(-1-0x1p-12, 1+0x1p-12, -0x1p-60)
	check(1, 1, -1)
	r := rand.New(rand.NewPCG(1, 2))
	for range 100000 {
		scale := math.Ldexp(1, r.IntN(80)-40)
		check(float32(r.NormFloat64()), float32(r.NormFloat64()), float32(scale*r.NormFloat64()))
	}
}
