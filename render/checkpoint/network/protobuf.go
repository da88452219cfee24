package network

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"darkroom/render/onnx/graph"
)

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
		return number(number(b, 3, uint64(int64(v))), 20, 2)
	case float32:
		b = protowire.AppendTag(b, 2, protowire.Fixed32Type)
		return number(protowire.AppendFixed32(b, math.Float32bits(v)), 20, 1)
	case string:
		return number(text(b, 4, v), 20, 3)
	case []int:
		for _, x := range v {
			b = number(b, 8, uint64(int64(x)))
		}
		return number(b, 20, 7)
	}
	panic(fmt.Sprintf("attribute %v", a))
}

func number(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func message(b []byte, field protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), content)
}

func text(b []byte, field protowire.Number, s string) []byte { return message(b, field, []byte(s)) }

func tensorHead(name string, kind graph.Type, dims []int) []byte {
	var b []byte
	for _, d := range dims {
		b = number(b, 1, uint64(d))
	}
	return text(number(b, 2, uint64(kind)), 8, name)
}

// external writes a TensorProto whose numbers lie in a file: external_data = 13, data_location = 14, where EXTERNAL is
// 1.
func external(x graph.ExposedWeight) []byte {
	b := tensorHead(x.Name, x.Type, x.Dims)
	for _, pair := range [][2]string{
		{"location", filepath.Base(x.File)}, {"offset", strconv.FormatInt(x.Offset, 10)},
		{"length", strconv.FormatInt(x.Length, 10)},
	} {
		b = message(b, 13, text(text(nil, 1, pair[0]), 2, pair[1]))
	}
	return number(b, 14, 1)
}
