package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// encode writes numbers in an element type, little-endian.
func encode(kind graph.Type, numbers []float32) ([]byte, error) {
	out := make([]byte, 0, len(numbers)*max(elementSize(kind), 1))
	switch kind {
	case graph.Float:
		for _, x := range numbers {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
	case graph.Float16:
		out = out[:2*len(numbers)]
		encodeFloat16(out, numbers)
	case graph.BFloat16:
		for _, x := range numbers {
			out = binary.LittleEndian.AppendUint16(out, tensor.ToBFloat16(x))
		}
	default:
		return nil, fmt.Errorf("numbers of %v cannot be written", kind)
	}
	return out, nil
}
