package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"

	"darkroom/render/tensor"
)

// DType is the element type of a tensor, as the format names it.
type DType string

// The element types of floating-point weights.
const (
	F64    DType = "F64"
	F32    DType = "F32"
	F16    DType = "F16"
	BF16   DType = "BF16"
	F8E4M3 DType = "F8_E4M3" // torch.float8_e4m3fn: no infinity
	F8E5M2 DType = "F8_E5M2"
)

// Size is the number of bytes of a value; 0 for an unknown type.
func (d DType) Size() int64 {
	switch d {
	case "BOOL", "U8", "I8", F8E4M3, F8E5M2, "F8_E8M0":
		return 1
	case "I16", "U16", F16, BF16:
		return 2
	case "I32", "U32", F32:
		return 4
	case "I64", "U64", F64, "C64":
		return 8
	}
	return 0
}

// Float says whether values are floating-point numbers that Floats converts.
func (d DType) Float() bool {
	switch d {
	case F64, F32, F16, BF16, F8E4M3, F8E5M2:
		return true
	}
	return false
}

// Floats converts the bytes of a floating-point tensor to float32.
func Floats(d DType, data []byte) ([]float32, error) {
	if !d.Float() || len(data)%int(d.Size()) != 0 {
		return nil, fmt.Errorf("%d bytes of %s, want floating-point numbers", len(data), d)
	}
	out := make([]float32, len(data)/int(d.Size()))
	switch d {
	case F64:
		for i := range out {
			out[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:])))
		}
	case F32:
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
	case F16:
		for i := range out {
			out[i] = tensor.FromFloat16(binary.LittleEndian.Uint16(data[2*i:]))
		}
	case BF16:
		for i := range out {
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(data[2*i:])) << 16)
		}
	case F8E4M3:
		for i, b := range data {
			out[i] = float8E4M3(b)
		}
	case F8E5M2:
		for i, b := range data {
			out[i] = tensor.FromFloat16(uint16(b) << 8) // binary16 without its last 8 bits
		}
	}
	return out, nil
}

// float8E4M3 widens the finite 8-bit type of https://arxiv.org/abs/2209.05433: bias 7, and all ones are not a number.
func float8E4M3(b byte) float32 {
	sign, exponent, mantissa := uint32(b>>7)<<31, uint32(b>>3)&15, uint32(b)&7
	switch {
	case b&0x7f == 0x7f:
		return float32(math.NaN())
	case exponent == 0: // subnormal, counted in 2^-9
		return math.Float32frombits(sign | math.Float32bits(float32(mantissa)/(1<<9)))
	}
	return math.Float32frombits(sign | (exponent+120)<<23 | mantissa<<20)
}
