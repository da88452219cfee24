package onnx

import "math"

// toFloat16 rounds to the nearest IEEE 754 binary16, ties to even, as PyTorch and the CPU's own instruction do.
func toFloat16(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // not a number
		return sign | 0x7e00
	case b >= 0x477ff000: // 65520 and more round to infinity
		return sign | 0x7c00
	case b < 0x38800000: // below 2^-14: subnormal, counted in 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(b))*(1<<24)))
	}
	b -= 112 << 23 // from the bias of float32, 127, to that of binary16, 15
	return sign | uint16((b+0xfff+b>>13&1)>>13)
}
