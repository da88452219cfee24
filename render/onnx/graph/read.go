package graph

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// read reads a whole model file of a given size.
func read(file io.ReadSeeker, size int64) (Header, error) {
	w := &wire{file: file, buf: bufio.NewReader(file), end: size}
	h := Header{External: map[string]int64{}}
	weights := map[string]bool{}
	found := false
	err := w.each(func(f field) (bool, error) {
		if f.number != 7 { // ModelProto.graph
			return false, nil
		}
		found = true
		return true, w.inside(f, func(f field) (bool, error) { return w.graph(f, &h, weights) })
	})
	switch {
	case err != nil:
		return Header{}, err
	case !found:
		return Header{}, errMalformed
	case len(h.Outputs) == 0:
		return Header{}, errors.New("cut short or not an ONNX model: it has no outputs")
	}
	h.Inputs = dropWeights(h.Inputs, weights)
	return h, nil
}

// dropWeights leaves out the inputs that are weights: before IR version 4 every weight was listed as an input too.
func dropWeights(inputs []Value, weights map[string]bool) []Value {
	var kept []Value
	for _, v := range inputs {
		if !weights[v.Name] {
			kept = append(kept, v)
		}
	}
	return kept
}

// graph reads one field of a GraphProto.
func (w *wire) graph(f field, h *Header, weights map[string]bool) (bool, error) {
	switch f.number {
	case 5: // initializer
		return true, w.weight(f, h, weights)
	case 11: // input
		v, err := w.value(f)
		h.Inputs = append(h.Inputs, v)
		return true, err
	case 12: // output
		v, err := w.value(f)
		h.Outputs = append(h.Outputs, v)
		return true, err
	}
	return false, nil
}

// value reads a ValueInfoProto: name = 1, type = 2; in TypeProto tensor_type = 1.
func (w *wire) value(f field) (Value, error) {
	var v Value
	err := w.inside(f, func(f field) (done bool, err error) {
		switch f.number {
		case 1:
			v.Name, err = w.text(f)
			return true, err
		case 2:
			return true, w.inside(f, func(f field) (bool, error) {
				if f.number != 1 {
					return false, nil
				}
				return true, w.tensorType(f, &v)
			})
		}
		return false, nil
	})
	return v, err
}

// tensorType reads a TypeProto.Tensor: elem_type = 1, shape = 2; in TensorShapeProto dim = 1.
func (w *wire) tensorType(f field, v *Value) error {
	return w.inside(f, func(f field) (bool, error) {
		switch {
		case f.number == 1 && f.kind == protowire.VarintType:
			n, err := w.number()
			v.Type = Type(n & 0xff)
			return true, err
		case f.number == 2:
			return true, w.inside(f, func(f field) (bool, error) {
				if f.number != 1 {
					return false, nil
				}
				d, err := w.dimension(f)
				v.Dims = append(v.Dims, d)
				return true, err
			})
		}
		return false, nil
	})
}

// dimension reads a TensorShapeProto.Dimension: dim_value = 1 (else it is named, and varies).
func (w *wire) dimension(f field) (int, error) {
	d := 0
	err := w.inside(f, func(f field) (bool, error) {
		if f.number != 1 || f.kind != protowire.VarintType {
			return false, nil
		}
		n, err := w.number()
		if n > 0 && n < math.MaxInt32 { // a negative value, too, means "varies"
			d = int(n)
		}
		return true, err
	})
	return d, err
}

// weight reads a TensorProto: dims = 1, data_type = 2, name = 8, raw_data = 9, external_data = 13. It checks that a
// weight has as many bytes as its shape needs, and notes how long external files must be.
func (w *wire) weight(f field, h *Header, weights map[string]bool) error {
	location := map[string]string{}
	var v Value
	inside := int64(-1) // bytes in this file
	err := w.inside(f, func(f field) (done bool, err error) {
		switch {
		case f.number == 1:
			return true, w.sizes(f, &v.Dims)
		case f.number == 2 && f.kind == protowire.VarintType:
			n, err := w.number()
			v.Type = Type(n & 0xff)
			return true, err
		case f.number == 8:
			v.Name, err = w.text(f)
			weights[v.Name] = true
			return true, err
		case f.number == 9 && f.kind == protowire.BytesType:
			inside = f.size
		case f.number == 13:
			return true, w.entry(f, location)
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	want := v.bytes()
	if location["location"] != "" {
		return h.noteExternal(v, location, want)
	}
	if inside >= 0 && want >= 0 && inside != want {
		return fmt.Errorf("weight %v: %d bytes, want %d", v, inside, want)
	}
	return nil
}

// noteExternal notes where a weight lies in an external file.
func (h *Header) noteExternal(v Value, location map[string]string, want int64) error {
	offset, err1 := number(location["offset"])
	length, err2 := number(location["length"])
	switch {
	case err1 != nil || err2 != nil || offset < 0 || length < 0:
		return errMalformed
	case length == 0 && want > 0:
		length = want
	case want >= 0 && length != want:
		return fmt.Errorf("weight %v: %d bytes in %s, want %d", v, length, location["location"], want)
	}
	if offset > math.MaxInt64-length {
		return errMalformed
	}
	h.External[location["location"]] = max(h.External[location["location"]], offset+length)
	return nil
}

// sizes reads a repeated integer, one by one or packed.
func (w *wire) sizes(f field, into *[]int) error {
	read := func() error {
		n, err := w.number()
		if n > math.MaxInt32 {
			return errMalformed
		}
		*into = append(*into, int(n))
		return err
	}
	if f.kind == protowire.VarintType {
		return read()
	}
	if f.kind != protowire.BytesType || f.size > maxName {
		return errMalformed
	}
	for end := w.pos + f.size; w.pos < end; {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

// bytes is how long a tensor's raw data is; negative where it is unknown.
func (v Value) bytes() int64 {
	size, ok := map[Type]int64{
		Float: 4, 2: 1, 3: 1, 4: 2, 5: 2, Int32: 4, Int64: 8, 9: 1, Float16: 2, Double: 8, 12: 4, 13: 8, BFloat16: 2,
	}[v.Type]
	if !ok {
		return -1
	}
	for _, d := range v.Dims {
		if d > 0 && size > math.MaxInt64/int64(d) {
			return -1
		}
		size *= int64(d)
	}
	return size
}

// entry reads a StringStringEntryProto: key = 1, value = 2.
func (w *wire) entry(f field, into map[string]string) error {
	var pair [3]string
	err := w.inside(f, func(f field) (done bool, err error) {
		if f.number > 2 {
			return false, nil
		}
		pair[f.number], err = w.text(f)
		return true, err
	})
	into[pair[1]] = pair[2]
	return err
}

// number reads a count; an absent one is 0.
func number(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	return strconv.ParseInt(s, 10, 64)
}
