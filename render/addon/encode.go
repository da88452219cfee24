package addon

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"darkroom/render/safetensors"
)

// encode writes numbers as an element type, rounded to the nearest, of two the even one.
func encode(d safetensors.DType, data []float32) ([]byte, error) {
	size := d.Size()
	if size == 0 || !d.Float() {
		return nil, fmt.Errorf("a weight of %s cannot be changed", d)
	}
	out := make([]byte, 0, int64(len(data))*size)
	switch d {
	case safetensors.F64:
		for _, x := range data {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(float64(x)))
		}
	case safetensors.F32:
		for _, x := range data {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
	case safetensors.F16:
		for _, x := range data {
			out = binary.LittleEndian.AppendUint16(out, float16(x))
		}
	case safetensors.BF16:
		for _, x := range data {
			bits := math.Float32bits(x)
			out = binary.LittleEndian.AppendUint16(out, uint16((bits+0x7fff+bits>>16&1)>>16))
		}
	default:
		return encodeByte(d, data)
	}
	return out, nil
}

// float16 rounds to IEEE 754 binary16.
func float16(x float32) uint16 {
	bits := math.Float32bits(x)
	sign, abs := uint16(bits>>16)&0x8000, bits&0x7fffffff
	switch {
	case abs >= 0x477ff000: // rounds to more than 65504
		return sign | 0x7c00
	case abs < 0x38800000: // subnormal, counted in 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(abs))*(1<<24)))
	}
	return sign | uint16((abs-112<<23+0xfff+abs>>13&1)>>13) // from the bias 127 to 15
}

// encodeByte writes numbers as an element type of 8 bits: the nearest of its finite values, the largest for those
// beyond.
func encodeByte(d safetensors.DType, data []float32) ([]byte, error) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	numbers, err := safetensors.Floats(d, all)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b byte) int { return cmp.Compare(numbers[a], numbers[b]) })
	all = slices.DeleteFunc(all, func(b byte) bool {
		x := float64(numbers[b])
		return math.IsNaN(x) || math.IsInf(x, 0) || x == 0 && math.Signbit(x)
	})
	out := make([]byte, len(data))
	for i, x := range data {
		at, _ := slices.BinarySearchFunc(all, x, func(b byte, x float32) int { return cmp.Compare(numbers[b], x) })
		above, below := all[min(at, len(all)-1)], all[max(at-1, 0)]
		up, down := numbers[above]-x, x-numbers[below]
		out[i] = above
		if down < up || down == up && below&1 == 0 {
			out[i] = below
		}
	}
	return out, nil
}
