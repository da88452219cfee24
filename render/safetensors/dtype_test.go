package safetensors

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

func TestFloats(t *testing.T) {
	t.Parallel()
	u16 := func(v ...uint16) (b []byte) {
		for _, x := range v {
			b = binary.LittleEndian.AppendUint16(b, x)
		}
		return b
	}
	inf := float32(math.Inf(1))
	for name, c := range map[string]struct {
		dtype DType
		data  []byte
		want  []float32
	}{
		"F64": {F64, binary.LittleEndian.AppendUint64(nil, math.Float64bits(-1.5)), []float32{-1.5}},
		"F32": {F32, binary.LittleEndian.AppendUint32(nil, math.Float32bits(0.1)), []float32{0.1}},
		"F16": {
			F16, u16(0x3c00, 0xc500, 0x7bff, 0x0001, 0x83ff, 0xfc00),
			[]float32{1, -5, 65504, 1.0 / (1 << 24), -1023.0 / (1 << 24), -inf},
		},
		"BF16": {BF16, u16(0x3f80, 0xc0a0, 0x7f80), []float32{1, -5, inf}},
		// The largest number is 448, the smallest subnormal 2^-9.
		"F8_E4M3": {
			F8E4M3, []byte{0x38, 0xb8, 0x7e, 0x01, 0x08, 0x87}, []float32{1, -1, 448, 1.0 / 512, 1.0 / 64, -7.0 / 512},
		},
		"F8_E5M2": {F8E5M2, []byte{0x3c, 0xc5, 0x7b, 0x01, 0x7c}, []float32{1, -5, 57344, 1.0 / 65536, inf}},
	} {
		got, err := Floats(c.dtype, c.data)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		dtype DType
		data  []byte
	}{"not a number F16": {F16, u16(0x7e00)}, "not a number F8": {F8E4M3, []byte{0xff}}} {
		if got, err := Floats(c.dtype, c.data); err != nil || got[0] == got[0] {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	if _, err := Floats("I64", make([]byte, 8)); err == nil {
		t.Error("whole numbers: got no error")
	}
	if _, err := Floats(F32, make([]byte, 5)); err == nil {
		t.Error("five bytes: got no error")
	}
}
