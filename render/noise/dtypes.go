package noise

import "math"

// DType is a floating-point type of torch's.
type DType string

// The kinds.
const (
	Float32  DType = "float32"
	Float64  DType = "float64"
	Float16  DType = "float16"
	BFloat16 DType = "bfloat16"
)

// FillAs overwrites dst with the numbers of one torch.randn(len(dst), dtype=kind), as torch 2.15 draws them: both
// halves in float32, rounded at the end (earlier versions drew other numbers for them), and float64 from uniform
// numbers of 53 bits. In float64 the last bit can differ from the C library's logarithm, sine and cosine.
func (t *Torch) FillAs(kind DType, dst []float64) {
	if kind == Float64 {
		t.fillDoubles(dst)
		return
	}
	values := make([]float32, len(dst))
	if kind == Float32 || len(dst) < block {
		t.Fill(values)
	} else {
		t.fillBlocks(values)
	}
	for i, v := range values {
		dst[i] = kind.round(v)
	}
}

// fillBlocks draws as torch does for the halves: a block of sixteen at a time, so nothing is drawn for an incomplete
// last block before the last sixteen values are drawn again.
func (t *Torch) fillBlocks(dst []float32) {
	for i := 0; i+block <= len(dst); i += block {
		t.fillBlock(dst[i:])
	}
	if len(dst)%block != 0 {
		t.fillBlock(dst[len(dst)-block:])
	}
}

func (t *Torch) fillBlock(dst []float32) {
	t.uniform(dst[:block])
	boxMuller((*[block]float32)(dst))
}

// round rounds half to even to the digits that a kind has.
func (k DType) round(v float32) float64 {
	switch k {
	case Float16:
		return roundDigits(float64(v), 11, -24)
	case BFloat16:
		return roundDigits(float64(v), 8, -133)
	}
	return float64(v)
}

// roundDigits rounds to that many binary digits, none of them below 2^lowest.
func roundDigits(v float64, digits, lowest int) float64 {
	_, exponent := math.Frexp(v)
	unit := math.Ldexp(1, max(exponent-digits, lowest))
	return math.RoundToEven(v/unit) * unit
}

// fillDoubles is Fill in double precision: the same layout of sixteen numbers, and below that the scalar path.
func (t *Torch) fillDoubles(dst []float64) {
	if len(dst) < block {
		for i := range dst {
			dst[i] = t.scalar()
		}
		return
	}
	t.doubles(dst)
	for i := 0; i+block <= len(dst); i += block {
		boxMullerDoubles((*[block]float64)(dst[i:]))
	}
	if len(dst)%block != 0 {
		tail := dst[len(dst)-block:]
		t.doubles(tail)
		boxMullerDoubles((*[block]float64)(tail))
	}
}

func (t *Torch) doubles(dst []float64) {
	for i := range dst {
		dst[i] = t.double()
	}
}

func boxMullerDoubles(d *[block]float64) {
	for j := range block / 2 {
		radius := math.Sqrt(-2 * math.Log(1-d[j]))
		sin, cos := math.Sincos(2 * math.Pi * d[j+block/2])
		d[j], d[j+block/2] = radius*cos, radius*sin
	}
}
