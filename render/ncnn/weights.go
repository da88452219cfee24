package ncnn

import (
	"encoding/binary"
	"fmt"
	"math"

	"darkroom/render/tensor"
)

// The tags before the weights of a convolution that are followed: plain float32, and float16.
const (
	tagFloat32 = 0
	tagFloat16 = 0x01306B47
)

// values are numbers of a network as its file has them.
type values struct {
	half  bool // float16, else float32
	count int
	raw   []byte // little-endian
}

// weights reads a .bin file from its beginning to its end.
type weights struct {
	data []byte
	at   int
}

// tagged reads numbers that have a tag before them, which says their type. The whole is a multiple of 4 bytes.
func (w *weights) tagged(count int) (values, error) {
	tag, err := w.take(4)
	if err != nil {
		return values{}, err
	}
	switch t := binary.LittleEndian.Uint32(tag); t {
	case tagFloat32:
		return w.plain(count)
	case tagFloat16:
		raw, err := w.take(2 * count)
		if err != nil {
			return values{}, err
		}
		padding, err := w.take(-len(raw) & 3)
		for _, b := range padding {
			if b != 0 {
				return values{}, fmt.Errorf("byte %d: padding that is not zero", w.at-len(padding))
			}
		}
		return finite(values{true, count, raw}, err)
	default:
		return values{}, fmt.Errorf("byte %d: weights of the kind %#08x, want float32 or float16", w.at-4, t)
	}
}

// plain reads float32 numbers.
func (w *weights) plain(count int) (values, error) {
	raw, err := w.take(4 * count)
	return finite(values{false, count, raw}, err)
}

func (w *weights) take(n int) ([]byte, error) {
	if n < 0 || n > len(w.data)-w.at {
		return nil, fmt.Errorf("byte %d: %d bytes of weights are wanted, %d are left", w.at, n, len(w.data)-w.at)
	}
	w.at += n
	return w.data[w.at-n : w.at], nil
}

// finite refuses what is no number: the file is damaged.
func finite(v values, err error) (values, error) {
	for i := range v.count {
		if err != nil {
			return v, err
		}
		if x := float64(v.at(i)); math.IsNaN(x) || math.IsInf(x, 0) {
			return v, fmt.Errorf("a weight is %v: the file is damaged", x)
		}
	}
	return v, err
}

func (v values) at(i int) float32 {
	if v.half {
		return tensor.FromFloat16(binary.LittleEndian.Uint16(v.raw[2*i:]))
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(v.raw[4*i:]))
}

func floats(v ...float32) values {
	var raw []byte
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return values{count: len(v), raw: raw}
}
