package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"darkroom/render/safetensors"
)

// storage is the values that tensors look into.
type storage struct {
	key   string
	kind  storageKind
	count int64
	data  []byte
}

// storageKind is an element type.
type storageKind struct {
	float safetensors.DType // empty for whole numbers
	size  int64             // bytes
}

func (s *storage) bytes() int64 { return s.count * s.kind.size }

// storageKinds are torch's classes of storages.
var storageKinds = map[string]storageKind{
	"FloatStorage": {safetensors.F32, 4}, "HalfStorage": {safetensors.F16, 2}, "BFloat16Storage": {safetensors.BF16, 2},
	"DoubleStorage": {safetensors.F64, 8}, "LongStorage": {"", 8}, "IntStorage": {"", 4}, "ShortStorage": {"", 2},
	"CharStorage": {"", 1}, "ByteStorage": {"", 1}, "BoolStorage": {"", 1},
}

// view is a tensor before its storage was read.
type view struct {
	tensor  *Tensor
	storage *storage
	offset  int64
	strides []int64
}

// newView checks the arguments of torch._utils._rebuild_tensor_v2: storage, offset, size, stride and what follows. A
// tensor that repeats values is refused: a small file could stand for a huge one.
func (m *machine) newView(args []any) (*Tensor, error) {
	if len(args) < 4 {
		return nil, errors.New("a tensor of fewer than 4 arguments")
	}
	s, ok := args[0].(*storage)
	offset, isOffset := args[1].(int64)
	sizes, isSizes := wholeNumbers(args[2])
	strides, isStrides := wholeNumbers(args[3])
	if !ok || !isOffset || !isSizes || !isStrides || len(sizes) != len(strides) || len(sizes) > 8 || offset < 0 {
		return nil, errors.New("a tensor of other arguments than a storage, an offset, sizes and strides")
	}
	v := view{&Tensor{}, s, offset, strides}
	volume, last := int64(1), offset
	for i, n := range sizes {
		if n < 0 || strides[i] < 0 || n > maxValues || strides[i] > maxValues || n > 0 && volume > maxValues/n {
			return nil, errors.New("a tensor of impossible sizes")
		}
		volume *= n
		last += max(n-1, 0) * strides[i]
		v.tensor.Shape = append(v.tensor.Shape, int(n))
	}
	if volume > s.count || volume > 0 && last >= s.count {
		return nil, fmt.Errorf("a tensor of %d values in a storage of %d", volume, s.count)
	}
	if m.total += volume; m.total > maxValues {
		return nil, fmt.Errorf("tensors of more than %d values", maxValues)
	}
	m.views = append(m.views, v)
	return v.tensor, nil
}

func wholeNumbers(v any) ([]int64, bool) {
	list, ok := v.(*List)
	if !ok {
		return nil, false
	}
	out := make([]int64, len(list.Items))
	for i, item := range list.Items {
		if out[i], ok = item.(int64); !ok {
			return nil, false
		}
	}
	return out, true
}

// fill gives the tensors their values.
func (m *machine) fill() error {
	for _, v := range m.views {
		s := v.storage
		if int64(len(s.data)) != s.bytes() {
			return fmt.Errorf("a storage of %d bytes, want %d", len(s.data), s.bytes())
		}
		n := 1
		for _, d := range v.tensor.Shape {
			n *= d
		}
		v.tensor.Data = make([]float32, 0, n)
		if n == 0 {
			continue
		}
		if err := v.collect(0, v.offset); err != nil {
			return err
		}
	}
	return nil
}

// collect appends the values behind an index of the first axes, row by row where they lie side by side.
func (v view) collect(axis int, at int64) error {
	shape, s := v.tensor.Shape, v.storage
	if axis == len(shape) || axis == len(shape)-1 && v.strides[axis] == 1 {
		n := int64(1)
		if axis < len(shape) {
			n = int64(shape[axis])
		}
		data := s.data[at*s.kind.size : (at+n)*s.kind.size]
		values, err := s.kind.widen(data)
		v.tensor.Data = append(v.tensor.Data, values...)
		return err
	}
	for i := range int64(shape[axis]) {
		if err := v.collect(axis+1, at+i*v.strides[axis]); err != nil {
			return err
		}
	}
	return nil
}

func (k storageKind) widen(data []byte) ([]float32, error) {
	if k.float != "" {
		return safetensors.Floats(k.float, data)
	}
	out := make([]float32, int64(len(data))/k.size)
	for i := range out {
		one := data[int64(i)*k.size:]
		switch k.size {
		case 8:
			out[i] = float32(int64(binary.LittleEndian.Uint64(one)))
		case 4:
			out[i] = float32(int32(binary.LittleEndian.Uint32(one)))
		case 2:
			out[i] = float32(int16(binary.LittleEndian.Uint16(one)))
		default:
			out[i] = float32(one[0])
		}
	}
	return out, nil
}

// float64FromBig reads pickle's BINFLOAT, which is big-endian.
func float64FromBig(data []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(data)) }
