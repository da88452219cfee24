package graph

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"darkroom/render/tensor"
)

// Widen edits a network in memory so that it computes in float32 instead of float16: its inputs, its outputs and
// everything between them. Long weights stay in float16 in the file, and each is cast. A network whose only float16 is
// in its weights stays as it is.
//
// It is for CPUs, which have no float16 arithmetic: there the runtime widens before each operation and rounds after it,
// which gains nothing and costs time, memory and the last digits of every value.
//
// A network with something whose meaning could change is refused, and never edited in part.
func Widen(model []byte) ([]byte, error) {
	var w widener
	// ModelProto.graph, functions
	out, err := rewriteFields(model, edits{7: w.graph, 25: w.reject("a function of its own")})
	switch {
	case err != nil:
		return nil, fmt.Errorf("widen: %w", err)
	case !w.found:
		return model, nil
	case w.unsupported != "":
		return nil, fmt.Errorf("widen: the network has %s, which is not supported", w.unsupported)
	}
	return out, nil
}

// edits change the contents of a message's fields, by their number. An edit that returns nil drops the field.
type edits map[int]func(content []byte) ([]byte, error)

// rewriteFields writes a message with its fields edited.
func rewriteFields(message []byte, by edits) ([]byte, error) {
	fields, err := splitFields(message)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(message)+len(message)/8)
	for _, f := range fields {
		edit := by[f.number]
		if edit == nil || f.content == nil {
			out = append(out, f.raw...)
			continue
		}
		b, err := edit(f.content)
		if err != nil {
			return nil, err
		}
		if b != nil {
			out = appendMessage(out, f.number, b)
		}
	}
	return out, nil
}

// widener notes whether anything computes in float16, and something that cannot be widened.
type widener struct {
	found       bool
	unsupported string
}

// reject is the edit of something that cannot be widened.
func (w *widener) reject(what string) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		w.unsupported = what
		return b, nil
	}
}

// graph edits a GraphProto: node = 1, initializer = 5, input = 11, output = 12, value_info = 13, sparse_initializer =
// 15.
func (w *widener) graph(message []byte) ([]byte, error) {
	long, casts, err := w.weights(message)
	if err != nil {
		return nil, err
	}
	weight := func(b []byte) ([]byte, error) {
		name := stringField(splitOrNil(b), 8)
		if !long[name] {
			return w.tensor(b)
		}
		return rewriteFields(b, edits{8: func([]byte) ([]byte, error) { return []byte(narrowName(name)), nil }})
	}
	input := func(b []byte) ([]byte, error) {
		if _, given := long[stringField(splitOrNil(b), 1)]; given {
			return nil, nil // old models list their weights as inputs too, and the runtime (1.24) crashes on those of float16
		}
		return w.value(b)
	}
	out, err := rewriteFields(
		message, edits{1: w.node, 5: weight, 11: input, 12: w.value, 13: w.value, 15: w.reject("a sparse weight")},
	)
	return append(casts, out...), err // each value is made before it is read
}

func narrowName(name string) string { return "darkroom.narrow." + name }

// weights finds the names of all weights, and which of them are long and float16. These stay, under another name, and
// casts take over their names. In a TensorProto name = 8; the data is in int32_data = 5, raw_data = 9 or, in a file,
// external_data = 13.
func (w *widener) weights(graph []byte) (long map[string]bool, casts []byte, err error) {
	long = map[string]bool{}
	for _, f := range splitOrNil(graph) {
		if f.number != 5 {
			continue
		}
		weight, err := splitFields(f.content)
		if err != nil {
			return nil, nil, err
		}
		isLong := func(p rawField) bool {
			return p.number == 13 || (p.number == 5 || p.number == 9) && len(p.content) > maxInlineWeight
		}
		name := stringField(weight, 8)
		if long[name] = typeOf(weight) == Float16 && slices.ContainsFunc(weight, isLong); !long[name] {
			continue
		}
		casts = appendMessage(
			casts, 1, append(newNode("Cast", name, narrowName(name)), newIntAttribute("to", int64(Float))...),
		)
	}
	return long, casts, nil
}

// value edits a ValueInfoProto: type = 2. In TypeProto tensor_type = 1, sequence_type = 4, map_type = 5, opaque_type =
// 7, sparse_tensor_type = 8, optional_type = 9; in its Tensor elem_type = 1.
func (w *widener) value(message []byte) ([]byte, error) {
	no := w.reject("a value that is no tensor")
	kind := edits{1: w.elementType(1), 4: no, 5: no, 7: no, 8: no, 9: no}
	return rewriteFields(message, edits{2: func(b []byte) ([]byte, error) { return rewriteFields(b, kind) }})
}

// elementType is the edit of a message that has an element type in the field of that number.
func (w *widener) elementType(number int) func([]byte) ([]byte, error) {
	return func(message []byte) ([]byte, error) {
		fields, err := splitFields(message)
		out := make([]byte, 0, len(message))
		for _, f := range fields {
			if f.number == number && f.content == nil && Type(f.value) == Float16 {
				w.found = true
				out = appendNumber(out, number, uint64(Float))
			} else {
				out = append(out, f.raw...)
			}
		}
		return out, err
	}
}

// widenableDomains are domains whose operators take float32 wherever they take float16, and return the type they are
// given.
var widenableDomains = []string{"", "ai.onnx", ortDomain}

// node edits a NodeProto: op_type = 4, attribute = 5, domain = 7.
func (w *widener) node(message []byte) ([]byte, error) {
	fields, err := splitFields(message)
	if err != nil {
		return nil, err
	}
	op, domain := stringField(fields, 4), stringField(fields, 7)
	if !slices.Contains(widenableDomains, domain) || op == "BitCast" {
		w.unsupported = fmt.Sprintf("an operation %s %s", op, domain)
	}
	return rewriteFields(message, edits{5: w.attribute})
}

// typeAttributes are the attributes that name an element type.
var typeAttributes = []string{"to", "dtype", "output_datatype", "output_dtype", "stash_type", "softmax_precision"}

// attribute edits an AttributeProto: name = 1, i = 3, t = 5, g = 6, tensors = 10, graphs = 11, tp = 14, type_protos =
// 15, sparse_tensor = 22, sparse_tensors = 23.
func (w *widener) attribute(message []byte) ([]byte, error) {
	fields, err := splitFields(message)
	if err != nil {
		return nil, err
	}
	name := stringField(fields, 1)
	if slices.Contains(typeAttributes, name) {
		return w.elementType(3)(message)
	}
	no := w.reject("an attribute " + name)
	constant := func(b []byte) ([]byte, error) {
		w.found = w.found || typeOf(splitOrNil(b)) == Float16
		return w.tensor(b)
	}
	return rewriteFields(
		message, edits{5: constant, 6: w.graph, 10: constant, 11: w.graph, 14: no, 15: no, 22: no, 23: no},
	)
}

// tensor rewrites the numbers of a TensorProto: data_type = 2, int32_data = 5, raw_data = 9, external_data = 13.
func (w *widener) tensor(message []byte) ([]byte, error) {
	fields, err := splitFields(message)
	if err != nil || typeOf(fields) != Float16 {
		return message, err
	}
	halves, err := repeatedInts(fields, 5)
	var out, raw []byte
	for _, f := range fields {
		switch f.number {
		case 2, 5:
		case 9:
			for b := f.content; len(b) > 1; b = b[2:] {
				halves = append(halves, int64(binary.LittleEndian.Uint16(b)))
			}
		case 13:
			w.unsupported = "a constant in a file"
		default:
			out = append(out, f.raw...)
		}
	}
	for _, h := range halves {
		x := tensor.FromFloat16(uint16(h))
		if len(halves) == 1 {
			x = restoreConstant(x)
		}
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return appendMessage(appendNumber(out, 2, uint64(Float)), 9, raw), err
}

// typeOf is a TensorProto's data_type = 2.
func typeOf(tensor []rawField) Type {
	for _, p := range tensor {
		if p.number == 2 {
			return Type(p.value)
		}
	}
	return 0
}
