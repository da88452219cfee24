package addon

import (
	"math"
	"slices"

	"darkroom/render/safetensors"
	"darkroom/render/weightname"
)

// values are a tensor of an add-on, widened.
type values struct {
	shape []int
	data  []float32
}

func (v values) dim(axis int) int {
	if axis >= len(v.shape) {
		return 1
	}
	return v.shape[axis]
}

// inner is the shape behind the first axis.
func (v values) inner() []int { return v.shape[min(1, len(v.shape)):] }

// tail is the number of values behind the first axis.
func (v values) tail() int {
	if len(v.data) == 0 {
		return 0
	}
	return len(v.data) / v.dim(0)
}

// fields are the tensors of one module of an add-on.
type fields map[weightname.Field]values

func (f fields) has(names ...weightname.Field) bool {
	return !slices.ContainsFunc(names, func(n weightname.Field) bool { _, ok := f[n]; return !ok })
}

// number reads a field of one value.
func (f fields) number(name weightname.Field) (float64, bool) {
	v, ok := f[name]
	if !ok || len(v.data) != 1 {
		return 0, false
	}
	return float64(v.data[0]), true
}

// maxValues bounds a tensor of an add-on: no weight of a model is larger.
const maxValues = 1 << 28

// read reads the tensors of a module. Numbers that are none are refused: one of them blackens every image.
func (l *LoRA) read(m *safetensors.Mapping, module string) (fields, error) {
	f := fields{}
	for field, key := range l.modules[module] {
		t := l.file.Tensors[key]
		v := values{}
		for _, d := range t.Shape {
			v.shape = append(v.shape, int(d))
		}
		switch {
		case t.Count() > maxValues || t.Count() < 1:
			return nil, refuse("“%s”: %s has %d values", shorten(l.Name), shorten(key), t.Count())
		case len(v.shape) > 5:
			return nil, refuse("“%s”: %s has %d dimensions", shorten(l.Name), shorten(key), len(v.shape))
		case t.DType.Float():
			var err error
			if v.data, err = m.Floats(t); err != nil {
				return nil, err
			}
		case t.Count() == 1: // on_input, and an alpha that was saved as a whole number
			v.data = []float32{float32(wholeNumber(m.Bytes(t)))}
		default:
			return nil, refuse("“%s”: %s holds %s, not floating-point numbers", shorten(l.Name), shorten(key), t.DType)
		}
		for _, x := range v.data {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return nil, refuse("“%s” is broken: %s holds a value that is not a number", shorten(l.Name), shorten(key))
			}
		}
		f[field] = v
	}
	return f, nil
}

// wholeNumber reads a little-endian signed number of 1, 2, 4 or 8 bytes.
func wholeNumber(data []byte) int64 {
	var n uint64
	for i, b := range data {
		n |= uint64(b) << (8 * i)
	}
	shift := 64 - 8*len(data)
	return int64(n<<shift) >> shift
}
