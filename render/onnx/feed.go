package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// feed is a tensor in the form that a network takes, and the memory behind it.
type feed struct {
	value ort.Value
	bytes []byte   // where the network's type is float16
	shape []int    // of floating-point numbers
	stays *float32 // the first of numbers that are the same in the next calls; nil for others
}

// repeats says whether a feed is the same as an earlier one.
func (f feed) repeats(earlier feed) bool {
	return f.stays != nil && f.stays == earlier.stays && slices.Equal(f.shape, earlier.shape)
}

func (f feed) destroy() {
	if f.value != nil {
		_ = f.value.Destroy() // it only releases, and cannot fail
	}
}

func shapeOf(shape []int) ort.Shape {
	s := make(ort.Shape, len(shape))
	for i, d := range shape {
		s[i] = int64(d)
	}
	return s
}

// feedFloats wraps a tensor for a float port: without a copy for float32, as bytes for float16.
func feedFloats(port graph.Value, t tensor.Tensor) (feed, error) {
	if err := t.Check(); err != nil {
		return feed{}, fmt.Errorf("%s: %w", port.Name, err)
	}
	if len(t.Shape) != len(port.Dims) {
		return feed{}, fmt.Errorf("%v: got shape %v", port, t.Shape)
	}
	for i, d := range port.Dims {
		if d != 0 && d != t.Shape[i] {
			return feed{}, fmt.Errorf("%v: got shape %v", port, t.Shape)
		}
	}
	if port.Type == graph.Float {
		v, err := ort.NewTensor(shapeOf(t.Shape), t.Data)
		return newFeed(v, err, nil, t.Shape...)
	}
	b := make([]byte, 2*len(t.Data))
	encodeFloat16(b, t.Data)
	v, err := ort.NewCustomDataTensor(shapeOf(t.Shape), b, ort.TensorElementDataTypeFloat16)
	return newFeed(v, err, b, t.Shape...)
}

// kept is what tells later whether a feed repeats; the memory behind it stays.
func (f feed) kept() feed { return feed{stays: f.stays, shape: slices.Clone(f.shape), bytes: f.bytes} }

// feedCache keeps what an input was fed last, in the network's type: the conditioning of an image is the same in all of
// its steps.
type feedCache struct {
	mu   sync.Mutex
	last map[string]cachedFeed // by the input's name
}

type cachedFeed struct {
	from  tensor.Tensor
	bytes []byte
}

// feed is feedFloats for a tensor that is given repeatedly and does not change in between.
func (m *feedCache) feed(port graph.Value, t tensor.Tensor) (f feed, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() {
		if err == nil && len(t.Data) > 0 {
			f.stays = &t.Data[0]
		}
	}()
	if r, ok := m.last[port.Name]; ok && t.Check() == nil && tensor.SameShape(r.from, t) && &r.from.Data[0] == &t.Data[0] {
		v, err := ort.NewCustomDataTensor(shapeOf(t.Shape), r.bytes, ort.TensorElementDataTypeFloat16)
		return newFeed(v, err, r.bytes, t.Shape...)
	}
	f, err = feedFloats(port, t)
	if err == nil && f.bytes != nil {
		if m.last == nil {
			m.last = map[string]cachedFeed{}
		}
		m.last[port.Name] = cachedFeed{t, f.bytes}
	}
	return f, err
}

// feedOutput allocates a network's output. For float32 it is t itself; for float16 see copyTo.
func feedOutput(port graph.Value, t tensor.Tensor) (feed, error) {
	if port.Type == graph.Float {
		v, err := ort.NewTensor(shapeOf(t.Shape), t.Data)
		return newFeed(v, err, nil, t.Shape...)
	}
	b := make([]byte, 2*len(t.Data))
	v, err := ort.NewCustomDataTensor(shapeOf(t.Shape), b, ort.TensorElementDataTypeFloat16)
	return newFeed(v, err, b, t.Shape...)
}

// copyTo moves a float16 output into t.
func (f feed) copyTo(t tensor.Tensor) {
	if f.bytes == nil {
		return
	}
	decodeFloat16(t.Data, f.bytes)
}

// feedIDs wraps rows of token ids.
func feedIDs(port graph.Value, rows [][]int32) (feed, error) {
	shape := ort.NewShape(int64(len(rows)), int64(len(rows[0])))
	if port.Type == graph.Int32 {
		var flat []int32
		for _, row := range rows {
			flat = append(flat, row...)
		}
		v, err := ort.NewTensor(shape, flat)
		return newFeed(v, err, nil)
	}
	var flat []int64
	for _, row := range rows {
		for _, id := range row {
			flat = append(flat, int64(id))
		}
	}
	v, err := ort.NewTensor(shape, flat)
	return newFeed(v, err, nil)
}

// feedTimestep wraps a timestep in the port's type and rank. A port of whole timesteps gets the nearest, half to even.
func feedTimestep(port graph.Value, t float64) (feed, error) {
	switch port.Type {
	case graph.Float:
		return feedNumber(port, float32(t))
	case graph.Double:
		return feedNumber(port, t)
	case graph.Int32:
		return feedNumber(port, int32(math.RoundToEven(t)))
	case graph.Int64:
		return feedNumber(port, int64(math.RoundToEven(t)))
	}
	if len(port.Dims) == 0 { // such a network is edited to take float32: see folder.UnetNetwork
		return feedNumber(port, float32(t))
	}
	n := max(port.Dims[0], 1)
	b := make([]byte, 2*n)
	for i := range n {
		binary.LittleEndian.PutUint16(b[2*i:], tensor.ToFloat16(float32(t)))
	}
	v, err := ort.NewCustomDataTensor(ort.NewShape(int64(n)), b, ort.TensorElementDataTypeFloat16)
	return newFeed(v, err, b)
}

// feedNumber wraps one number: a scalar for rank 0, else repeated as a fixed dimension says, once for a free one.
func feedNumber[T float32 | float64 | int32 | int64](port graph.Value, x T) (feed, error) {
	if len(port.Dims) == 0 {
		v, err := ort.NewScalar(x)
		return newFeed(v, err, nil)
	}
	data := make([]T, max(port.Dims[0], 1))
	for i := range data {
		data[i] = x
	}
	v, err := ort.NewTensor(ort.NewShape(int64(len(data))), data)
	return newFeed(v, err, nil)
}

// newFeed keeps a nil pointer from becoming a non-nil interface.
func newFeed[V ort.Value](v V, err error, b []byte, shape ...int) (feed, error) {
	if err != nil {
		return feed{}, err
	}
	return feed{value: v, bytes: b, shape: shape}, nil
}
