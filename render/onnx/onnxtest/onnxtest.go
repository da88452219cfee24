// Package onnxtest writes ONNX files of a few kilobytes, and whole model folders of them, for tests: networks whose
// answers can be worked out by hand, in every form that exports come in. No test needs Python or a download for them.
package onnxtest

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"darkroom/render/onnx/graph"
)

// Model is a network to write.
type Model struct {
	Nodes           []Node
	Weights         []Weight
	Inputs          []graph.Value
	Outputs         []graph.Value
	WeightsAsInputs bool // list the weights as inputs too, as before IR version 4
}

// Node is one operation.
type Node struct {
	Op      string
	In, Out []string
	Ints    map[string]int64   // attributes
	Lists   map[string][]int64 // attributes
	Texts   map[string]string  // attributes
	Body    *Model             // the attribute "body" of a Loop
}

// Weight is a constant tensor: numbers of Type Float, Float16 (given as its bits) or Int64.
type Weight struct {
	Name   string
	Type   graph.Type
	Dims   []int
	Values []float64
	File   string // keep the values in this file beside the model, from Offset on; not written here
	Offset int
}

// Raw returns the weight's values as the file stores them.
func (w Weight) Raw() []byte {
	var b []byte
	for _, v := range w.Values {
		switch w.Type {
		case graph.Float:
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		case graph.Float16:
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		case graph.Int64:
			b = binary.LittleEndian.AppendUint64(b, uint64(int64(v)))
		default:
			panic(fmt.Sprintf("onnxtest: weight of type %v", w.Type))
		}
	}
	return b
}

// Encode returns the model as an ONNX file (IR version 8, opset 17).
func (m Model) Encode() []byte {
	var b message
	b.number(1, 8)
	var opset message
	opset.number(2, 17)
	b.message(8, opset)
	b.message(7, m.graph())
	return b
}

// The field numbers below are those of the format's onnx.proto.

func (m Model) graph() message {
	var b message
	for _, n := range m.Nodes {
		b.message(1, n.encode())
	}
	b.text(2, "g")
	inputs := m.Inputs
	for _, w := range m.Weights {
		b.message(5, w.encode())
		if m.WeightsAsInputs {
			inputs = append(slices.Clone(inputs), graph.Value{Name: w.Name, Type: w.Type, Dims: w.Dims})
		}
	}
	for _, v := range inputs {
		b.message(11, value(v))
	}
	for _, v := range m.Outputs {
		b.message(12, value(v))
	}
	return b
}

func (n Node) encode() message {
	var b message
	for _, in := range n.In {
		b.text(1, in)
	}
	for _, out := range n.Out {
		b.text(2, out)
	}
	b.text(4, n.Op)
	for name, v := range n.Ints {
		var a message
		a.text(1, name)
		a.number(3, uint64(v))
		a.number(20, 2)
		b.message(5, a)
	}
	for name, list := range n.Lists {
		var a message
		a.text(1, name)
		for _, v := range list {
			a.number(8, uint64(v))
		}
		a.number(20, 7)
		b.message(5, a)
	}
	for name, v := range n.Texts {
		var a message
		a.text(1, name)
		a.text(4, v)
		a.number(20, 3)
		b.message(5, a)
	}
	if n.Body != nil {
		var a message
		a.text(1, "body")
		a.message(6, n.Body.graph())
		a.number(20, 5)
		b.message(5, a)
	}
	return b
}

func (w Weight) encode() message {
	var b message
	for _, d := range w.Dims {
		b.number(1, uint64(d))
	}
	b.number(2, uint64(w.Type))
	b.text(8, w.Name)
	raw := w.Raw()
	if w.File == "" {
		b.message(9, raw)
		return b
	}
	offset, length := fmt.Sprint(w.Offset), fmt.Sprint(len(raw))
	for _, pair := range [][2]string{{"location", w.File}, {"offset", offset}, {"length", length}} {
		var e message
		e.text(1, pair[0])
		e.text(2, pair[1])
		b.message(13, e)
	}
	b.number(14, 1)
	return b
}

func value(v graph.Value) message {
	var shape, tensor, kind, b message
	for i, d := range v.Dims {
		var dim message
		if d > 0 {
			dim.number(1, uint64(d))
		} else {
			dim.text(2, fmt.Sprintf("%s_%d", v.Name, i))
		}
		shape.message(1, dim)
	}
	tensor.number(1, uint64(v.Type))
	tensor.message(2, shape)
	kind.message(1, tensor)
	b.text(1, v.Name)
	b.message(2, kind)
	return b
}

// message is a protobuf message under construction.
type message []byte

func (b *message) number(field int, v uint64) {
	*b = protowire.AppendVarint(protowire.AppendTag(*b, protowire.Number(field), protowire.VarintType), v)
}

func (b *message) message(field int, m []byte) {
	*b = protowire.AppendBytes(protowire.AppendTag(*b, protowire.Number(field), protowire.BytesType), m)
}

func (b *message) text(field int, s string) { b.message(field, []byte(s)) }
