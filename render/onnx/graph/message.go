package graph

import "google.golang.org/protobuf/encoding/protowire"

// rawField is one field of a message that is in memory.
type rawField struct {
	number  int
	value   uint64 // of a varint
	content []byte // of a length-delimited field
	raw     []byte // all of it, with its tag
}

// splitFields divides a message into its fields. They share its bytes.
func splitFields(message []byte) ([]rawField, error) {
	var all []rawField
	for rest := message; len(rest) > 0; {
		p, size, err := firstField(rest)
		if err != nil {
			return nil, err
		}
		all, rest = append(all, p), rest[size:]
	}
	return all, nil
}

func firstField(b []byte) (f rawField, size int, err error) {
	number, kind, size := protowire.ConsumeTag(b)
	if size < 0 {
		return f, 0, errMalformed
	}
	f.number = int(number)
	var n int
	switch kind {
	case protowire.VarintType:
		f.value, n = protowire.ConsumeVarint(b[size:])
	case protowire.BytesType:
		f.content, n = protowire.ConsumeBytes(b[size:])
	case protowire.Fixed32Type, protowire.Fixed64Type:
		n = protowire.ConsumeFieldValue(number, kind, b[size:])
	default: // ONNX has no groups
		return f, 0, errMalformed
	}
	if n < 0 {
		return f, 0, errMalformed
	}
	size += n
	f.raw = b[:size]
	return f, size, nil
}

// stringField is the first text field of that number; empty when there is none.
func stringField(fields []rawField, number int) string {
	for _, f := range fields {
		if f.number == number {
			return string(f.content)
		}
	}
	return ""
}

// attribute finds a node's attribute by its name: the fields of its AttributeProto; nil when there is none.
func attribute(node []rawField, name string) []rawField {
	for _, f := range node {
		if f.number == 5 && attributeName(f) == name {
			fields, _ := splitFields(f.content) // attributeName has already split it
			return fields
		}
	}
	return nil
}

func attributeName(f rawField) string {
	fields, err := splitFields(f.content)
	if err != nil {
		return ""
	}
	return stringField(fields, 1)
}

// repeatedInts reads a repeated integer, packed or not.
func repeatedInts(fields []rawField, number int) ([]int64, error) {
	var all []int64
	for _, f := range fields {
		if f.number != number {
			continue
		}
		if f.content == nil {
			all = append(all, int64(f.value))
			continue
		}
		for rest := f.content; len(rest) > 0; {
			v, n := protowire.ConsumeVarint(rest)
			if n < 0 {
				return nil, errMalformed
			}
			all, rest = append(all, int64(v)), rest[n:]
		}
	}
	return all, nil
}

// newNode makes a NodeProto: input = 1, output = 2, name = 3, op_type = 4. The node has its output's name.
func newNode(op, out string, in ...string) []byte {
	var b []byte
	for _, name := range in {
		b = appendMessage(b, 1, []byte(name))
	}
	b = appendMessage(b, 2, []byte(out))
	b = appendMessage(b, 3, []byte(out))
	return appendMessage(b, 4, []byte(op))
}

// newIntAttribute makes a node's attribute: in AttributeProto name = 1, i = 3, type = 20, where INT is 2.
func newIntAttribute(name string, v int64) []byte {
	b := appendMessage(nil, 1, []byte(name))
	b = appendNumber(b, 3, uint64(v))
	return appendMessage(nil, 5, appendNumber(b, 20, 2))
}

// newIntTensor makes a TensorProto of one Int64: dims = 1, data_type = 2, int64_data = 7, name = 8.
func newIntTensor(name string, v int64) []byte {
	b := appendNumber(nil, 1, 1)
	b = appendNumber(b, 2, uint64(Int64))
	b = appendMessage(b, 7, protowire.AppendVarint(nil, uint64(v)))
	return appendMessage(b, 8, []byte(name))
}

func appendNumber(b []byte, number int, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, protowire.Number(number), protowire.VarintType), v)
}

func appendMessage(b []byte, number int, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, protowire.Number(number), protowire.BytesType), content)
}
