package ncnn

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// The versions of ONNX that are written, and the types of its tensors.
const (
	irVersion = 8
	opset     = 17

	typeFloat   = 1
	typeFloat16 = 10
)

// The names of the network's input and output: RGB [n,3,h,w] from 0 to 1.
const (
	inputName  = "image"
	outputName = "enlarged"
)

// ONNX writes the network as an ONNX file with these notes in its metadata, sorted as given: name, value, name, value.
// Weights stay as narrow as they are; they are widened when the network is loaded.
//
// ModelProto: ir_version = 1, producer_name = 2, graph = 7, opset_import = 8, metadata_props = 14.
func (n *Network) ONNX(notes ...string) []byte {
	model := text(number(nil, 1, irVersion), 2, "darkroom")
	model = message(model, 7, n.graph())
	model = message(model, 8, number(nil, 2, opset)) // OperatorSetIdProto: version = 2
	for i := 0; i+1 < len(notes); i += 2 {
		model = message(model, 14, text(text(nil, 1, notes[i]), 2, notes[i+1])) // StringStringEntryProto
	}
	return model
}

// graph writes a GraphProto: node = 1, name = 2, initializer = 5, input = 11, output = 12.
func (n *Network) graph() []byte {
	var nodes, constants []byte
	for _, s := range n.steps {
		for _, c := range s.constants {
			name := c.name
			if c.half {
				name += ".float16"
				nodes = message(nodes, 1, node("Cast", []string{name}, c.name, attribute{"to", typeFloat}))
			}
			constants = message(constants, 5, c.encode(name))
		}
		nodes = message(nodes, 1, node(s.op, s.in, s.out, s.attributes...))
	}
	nodes = message(nodes, 1, node("Identity", []string{n.out}, outputName))
	b := append(text(nodes, 2, "upscaler"), constants...)
	return message(message(b, 11, image(inputName, "h", "w")), 12, image(outputName, "H", "W"))
}

// image writes a ValueInfoProto of images: name = 1, type = 2; TypeProto: tensor_type = 1; its elem_type = 1, shape = 2.
func image(name, high, wide string) []byte {
	var shape []byte // TensorShapeProto: dim = 1; its dim_value = 1, dim_param = 2
	for _, dim := range [][]byte{text(nil, 2, "n"), number(nil, 1, 3), text(nil, 2, high), text(nil, 2, wide)} {
		shape = message(shape, 1, dim)
	}
	tensor := message(number(nil, 1, typeFloat), 2, shape)
	return message(text(nil, 1, name), 2, message(nil, 1, tensor))
}

// node writes a NodeProto: input = 1, output = 2, name = 3, op_type = 4, attribute = 5.
func node(op string, in []string, out string, attributes ...attribute) []byte {
	var b []byte
	for _, name := range in {
		b = text(b, 1, name)
	}
	b = text(text(text(b, 2, out), 3, out), 4, op)
	for _, a := range attributes {
		b = message(b, 5, a.encode())
	}
	return b
}

// encode writes a TensorProto: dims = 1, data_type = 2, name = 8, raw_data = 9.
func (c constant) encode(name string) []byte {
	var b []byte
	for _, d := range c.dims {
		b = number(b, 1, uint64(d))
	}
	kind := uint64(typeFloat)
	if c.half {
		kind = typeFloat16
	}
	return message(text(number(b, 2, kind), 8, name), 9, c.raw)
}

// attribute is an operation's setting: an int, float32, string or []int.
type attribute struct {
	name  string
	value any
}

// encode writes an AttributeProto: name = 1, f = 2, i = 3, s = 4, ints = 8, type = 20.
func (a attribute) encode() []byte {
	b := text(nil, 1, a.name)
	switch v := a.value.(type) {
	case int:
		return number(number(b, 3, uint64(v)), 20, 2)
	case float32:
		b = protowire.AppendTag(b, 2, protowire.Fixed32Type)
		return number(protowire.AppendFixed32(b, math.Float32bits(v)), 20, 1)
	case string:
		return number(text(b, 4, v), 20, 3)
	case []int:
		for _, x := range v {
			b = number(b, 8, uint64(x))
		}
		return number(b, 20, 7)
	}
	panic(fmt.Sprintf("internal error: attribute %v", a))
}

func number(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func message(b []byte, field protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), content)
}

func text(b []byte, field protowire.Number, s string) []byte { return message(b, field, []byte(s)) }
