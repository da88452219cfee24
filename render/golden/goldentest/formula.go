package goldentest

import (
	"encoding/binary"
	"hash/fnv"
	"math"
)

// A formula draws the values of a weight from its name, as recipe/formula.py does: value i is offset + scale·u, where u
// is a float32 from -1 up to 1 made of the upper 24 bits of splitmix64 (Steele, Lea, Flood 2014), seeded by the
// FNV-1a of the name. Each operation is rounded to float32.
type formula struct {
	seed          uint64
	scale, offset float32
}

func newFormula(name string, scale, offset float64) formula {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash returns no error
	return formula{h.Sum64(), float32(scale), float32(offset)}
}

// at returns value i.
func (f formula) at(i int) float32 {
	z := f.seed + (uint64(i)+1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	z ^= z >> 31
	u := float32(int32(z>>40)-1<<23) / (1 << 23)
	return f.offset + float32(f.scale*u) // the conversion keeps the two roundings apart
}

// Feed returns n values of unit variance, as the recipe feeds a network under a name.
func Feed(name string, n int) []float32 {
	return Draw("feed/"+name, n, math.Sqrt(3))
}

// Draw returns n values of a name, from -scale up to scale.
func Draw(name string, n int, scale float64) []float32 {
	f, out := newFormula(name, scale, 0), make([]float32, n)
	for i := range out {
		out[i] = f.at(i)
	}
	return out
}

// narrowFloat is a type of floating-point numbers below float32.
type narrowFloat struct {
	mantissa int // bits
	bias     int // of the exponent
	size     int // in bytes
}

var narrowFloats = map[string]narrowFloat{
	"F16":     {10, 15, 2},
	"BF16":    {7, 127, 2},
	"F8_E4M3": {3, 7, 1},
	"F8_E5M2": {2, 15, 1},
}

// appendFloat appends a number in the element type of a safetensors file, rounded to nearest, ties to even.
// It must be within the type's range.
func appendFloat(to []byte, dtype string, x float32) []byte {
	if dtype == "F32" {
		return binary.LittleEndian.AppendUint32(to, math.Float32bits(x))
	}
	n, ok := narrowFloats[dtype]
	if !ok {
		panic("goldentest: no element type " + dtype)
	}
	bits := n.round(x)
	if n.size == 1 {
		return append(to, byte(bits))
	}
	return binary.LittleEndian.AppendUint16(to, bits)
}

// round returns the bits of the nearest number of the type.
func (n narrowFloat) round(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b>>31) << (n.size*8 - 1)
	if b<<1 == 0 {
		return sign
	}
	exponent := max(int(b>>23&0xff)-127, 1-n.bias) // subnormal numbers share the lowest exponent
	perStep := math.Float64frombits(uint64(1023+n.mantissa-exponent) << 52)
	steps := uint16(math.RoundToEven(float64(math.Float32frombits(b&^(1<<31))) * perStep))
	// A subnormal number has no leading bit, and one that is rounded up to the next power of two carries by itself.
	return sign | (uint16(exponent+n.bias-1)<<n.mantissa + steps)
}
