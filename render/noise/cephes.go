package noise

import "math"

// PyTorch's x86 builds compute logarithm, sine and cosine with the single-precision polynomials of S. L. Moshier's
// Cephes library (logf.c, sinf.c) in AVX2, and their compiler has fused each product with the sum that follows it.
// The same operations in the same order, each rounded once, give the same bits on every processor.

// The polynomial of ln(1+x) on [√½−1, √2−1], highest power first, after Cephes logf.c.
var logPolynomial = [...]float32{ //nolint:gochecknoglobals // a constant; Go has no constant arrays
	7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
	-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
}

const (
	sqrtHalf = 0.707106781186547524
	ln2Low   = -2.12194440e-4 // ln 2 = ln2High + ln2Low, so that exponent·ln2High is exact
	ln2High  = 0.693359375
)

// log32 returns ln x for x in (0, 1].
func log32(x float32) float32 {
	const smallest = 0x1p-126 // the smallest normal number: what log(0) is cut off at
	fraction, exponent := math.Frexp(float64(max(x, smallest)))
	m, e := float32(fraction), float32(exponent)
	if m < sqrtHalf {
		m, e = m+m, e-1
	}
	m--
	z := m * m
	y := logPolynomial[0]
	for _, c := range logPolynomial[1:] {
		y = fma32(y, m, c)
	}
	y = float32(y * m)
	y = fma32(y, z, float32(e*ln2Low))
	y = fma32(z, -0.5, y)
	return fma32(e, ln2High, m+y)
}

// π/4 in three parts, after Cephes sinf.c: multiples of the first two are exact in float32.
const (
	quarterPi1 = 0.78515625
	quarterPi2 = 2.4187564849853515625e-4
	quarterPi3 = 3.77489497744594108e-8
)

// sincos32 returns sine and cosine of x in [0, 2π].
func sincos32(x float32) (sin, cos float32) {
	octant := (int32(float32(x*float32(4/math.Pi))) + 1) &^ 1
	n := float32(octant)
	x = fma32(n, -quarterPi1, x)
	x = fma32(n, -quarterPi2, x)
	x = fma32(n, -quarterPi3, x)
	z := x * x
	c := fma32(2.443315711809948e-5, z, -1.388731625493765e-3)
	c = fma32(c, z, 4.166664568298827e-2)
	c = fma32(float32(c*z), z, -float32(z*0.5)) + 1
	s := fma32(-1.9515295891e-4, z, 8.3321608736e-3)
	s = fma32(s, z, -1.6666654611e-1)
	s = fma32(float32(s*z), x, x)
	if octant&2 != 0 {
		s, c = c, s
	}
	if octant&4 != 0 {
		s = -s
	}
	if (octant-2)&4 == 0 {
		c = -c
	}
	return s, c
}

// fma32 returns a·b + c rounded once. The product of two float32 is exact in float64; the sum is rounded there to
// odd (its last bit set when anything was lost), so that only the second rounding, to float32, has an effect.
func fma32(a, b, c float32) float32 {
	p, q := float64(a)*float64(b), float64(c)
	sum := p + q
	part := sum - p
	lost := (p - (sum - part)) + (q - part)
	if lost == 0 || math.Float64bits(sum)&1 == 1 {
		return float32(sum)
	}
	if (lost > 0) == (sum > 0) {
		return float32(math.Float64frombits(math.Float64bits(sum) + 1))
	}
	return float32(math.Float64frombits(math.Float64bits(sum) - 1))
}
