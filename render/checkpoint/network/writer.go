package network

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// The versions of the format that are written. Gelu is an operation since opset 20.
const (
	irVersion = 9
	opset     = 20
)

// microsoft is the domain of the runtime's own operations.
const microsoft = "com.microsoft"

// writer writes one graph. Its methods return the names of values. The first error is kept and the rest of the walk
// goes on with what is there, so that it reads as the network does.
type writer struct {
	graph.Written
	weights   Weights
	options   graph.WriteOptions
	nodes     []byte
	constants []byte
	hypernets *graph.Hypernets
	made      map[string]string // values that are made once, by what they are
	count     int
	err       error
}

func newWriter(w Weights, o graph.WriteOptions) *writer {
	out := &writer{weights: w, options: o, made: map[string]string{}}
	out.hypernets, out.err = graph.NewHypernets(o.Hypernets, out.computes())
	if out.err != nil {
		out.hypernets, _ = graph.NewHypernets(nil, out.computes()) // none cannot fail
	}
	out.Hypernets = out.hypernets.Inputs
	return out
}

func (w *writer) fail(format string, a ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, a...)
	}
}

// once returns the value called key, made by make at the first call.
func (w *writer) once(key string, create func() string) string {
	if w.made[key] == "" {
		w.made[key] = create()
	}
	return w.made[key]
}

// node adds an operation with one output. An empty name stands for an optional input that is left out.
func (w *writer) node(op string, in []string, attributes ...attribute) string {
	return w.nodes2(op, "", in, 1, attributes)[0]
}

// own adds one of the runtime's own operations.
func (w *writer) own(op string, in []string, attributes ...attribute) string {
	return w.nodes2(op, microsoft, in, 1, attributes)[0]
}

// nodes2 writes a NodeProto: input = 1, output = 2, name = 3, op_type = 4, attribute = 5, domain = 7.
func (w *writer) nodes2(op, domain string, in []string, outputs int, attributes []attribute) []string {
	w.count++
	var b []byte
	for _, name := range in {
		b = text(b, 1, name)
	}
	names := make([]string, outputs)
	for i := range names {
		names[i] = op + "." + strconv.Itoa(w.count)
		if i > 0 {
			names[i] += "." + strconv.Itoa(i)
		}
		b = text(b, 2, names[i])
	}
	b = text(text(b, 3, names[0]), 4, op)
	for _, a := range attributes {
		b = message(b, 5, a.encode())
	}
	if domain != "" {
		b = text(b, 7, domain)
	}
	w.nodes = message(w.nodes, 1, b)
	return names
}

// input adds an input of the network.
func (w *writer) input(name string, kind graph.Type, dims ...int) string {
	w.Inputs = append(w.Inputs, graph.Value{Name: name, Type: kind, Dims: dims})
	return name
}

// floats adds an input of float32, and casts it to what the network computes in.
func (w *writer) floats(name string, dims ...int) string {
	return w.cast(w.input(name, graph.Float, dims...), graph.Float, w.computes())
}

// output makes a value an output of float32.
func (w *writer) output(value, name string, dims ...int) {
	b := text(text(nil, 1, w.cast(value, w.computes(), graph.Float)), 2, name)
	w.nodes = message(w.nodes, 1, text(text(b, 3, name), 4, "Identity"))
	w.Outputs = append(w.Outputs, graph.Value{Name: name, Type: graph.Float, Dims: dims})
}

func (w *writer) cast(value string, from, to graph.Type) string {
	if from == to {
		return value
	}
	return w.node("Cast", []string{value}, attribute{"to", int(to)})
}

// computes is the type that the network computes in.
func (w *writer) computes() graph.Type {
	if w.options.Float16 {
		return graph.Float16
	}
	return graph.Float
}

// ints is a constant list of whole numbers.
func (w *writer) ints(v ...int) string {
	return w.once(fmt.Sprint("ints", v), func() string {
		var b []byte
		for _, x := range v {
			b = binary.LittleEndian.AppendUint64(b, uint64(int64(x)))
		}
		return w.constant(fmt.Sprint("ints", v), graph.Int64, []int{len(v)}, b)
	})
}

// numbers is a constant of float32, or of what the network computes in.
func (w *writer) numbers(name string, kind graph.Type, dims []int, v []float32) string {
	return w.once(name, func() string {
		var b []byte
		for _, x := range v {
			if kind == graph.Float16 {
				b = binary.LittleEndian.AppendUint16(b, tensor.ToFloat16(x))
			} else {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
			}
		}
		return w.constant(name, kind, dims, b)
	})
}

// constant writes a TensorProto: dims = 1, data_type = 2, name = 8, raw_data = 9.
func (w *writer) constant(name string, kind graph.Type, dims []int, raw []byte) string {
	w.constants = message(w.constants, 5, message(tensorHead(name, kind, dims), 9, raw))
	return name
}

// weight reads a weight, seen with other dimensions (the same numbers in the same order), in the type that the network
// computes in.
func (w *writer) weight(name string, dims ...int) string {
	return w.once("cast "+name, func() string {
		return w.cast(w.stored(name, dims...), w.fedAs(name), w.computes())
	})
}

// fedAs is the type that a weight is fed in: that of the file, unless it is converted before.
func (w *writer) fedAs(name string) graph.Type {
	if w.options.Converted && !w.options.Constants {
		return w.computes()
	}
	return w.weights[name].Type
}

// stored reads a weight as it is fed.
func (w *writer) stored(name string, dims ...int) string {
	return w.once("weight "+name, func() string {
		from, ok := w.weights[name]
		if !ok {
			w.fail("no weight %s", name)
			return name
		}
		if len(dims) == 0 {
			dims = from.Shape
		}
		if volume(dims) != volume(from.Shape) {
			w.fail("weight %s is %v, want %v", name, from.Shape, dims)
			return name
		}
		module, _ := cutWeight(name)
		x := graph.ExposedWeight{
			Value: graph.Value{Name: name, Type: w.fedAs(name), Dims: slices.Clone(dims)}, Stored: from.Type,
			Data: from.Data,
			File: from.File, Offset: from.Offset, Length: from.Length, Module: module, Transposed: from.Transposed,
		}
		w.Weights = append(w.Weights, x)
		switch {
		case w.options.Constants && x.Data != nil:
			return w.constant(name, x.Type, x.Dims, x.Data)
		case w.options.Constants:
			w.constants = message(w.constants, 5, external(x))
		}
		return name
	})
}

// shape is a weight's shape, with at least so many dimensions; where it has fewer, that is an error.
func (w *writer) shape(name string, rank int) []int {
	s := w.weights[name].Shape
	if !w.weights.Has(name) {
		w.fail("no weight %s", name)
	}
	if len(s) < rank || volume(s) == 0 {
		w.fail("weight %s is %v, want %d dimensions", name, s, rank)
		return []int{1, 1, 1, 1}
	}
	return s
}

func volume(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// finish writes the ModelProto: ir_version = 1, producer_name = 2, graph = 7, opset_import = 8; in GraphProto node = 1,
// name = 2, initializer = 5, input = 11, output = 12.
func (w *writer) finish() (graph.Written, error) {
	if w.err != nil {
		return graph.Written{}, w.err
	}
	if len(w.Weights) == 0 {
		return graph.Written{}, errors.New("no weights")
	}
	inputs := slices.Clone(w.Inputs)
	if !w.options.Constants {
		for _, x := range w.Weights {
			inputs = append(inputs, x.Value)
		}
	}
	for _, b := range w.Branches {
		inputs = append(inputs, b.Down, b.Up)
	}
	for _, h := range w.Hypernets {
		inputs = append(inputs, h.Value)
	}
	if w.ExtraRows.Name != "" {
		inputs = append(inputs, w.ExtraRows)
	}
	g := append(text(w.nodes, 2, "darkroom"), w.constants...)
	for _, v := range inputs {
		g = message(g, 11, graph.EncodeValue(v))
	}
	for _, v := range w.Outputs {
		g = message(g, 12, graph.EncodeValue(v))
	}
	m := text(number(nil, 1, irVersion), 2, "darkroom")
	m = message(m, 7, g)
	for _, set := range []struct {
		domain  string
		version uint64
	}{{"", opset}, {microsoft, 1}} {
		m = message(m, 8, number(text(nil, 1, set.domain), 2, set.version))
	}
	w.Model = m
	return w.Written, nil
}
