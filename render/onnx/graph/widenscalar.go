package graph

import (
	"errors"
	"fmt"
)

// WidenScalar edits a network in memory so that it takes a scalar input as Float and casts it to its former type. The
// binding cannot make a scalar of type Float16, which is the timestep of Optimum's float16 exports.
func WidenScalar(model []byte, input Value) ([]byte, error) {
	fields, err := splitFields(model)
	if err != nil {
		return nil, fmt.Errorf("widen %s: %w", input.Name, err)
	}
	var out []byte
	for _, f := range fields {
		if f.number != 7 { // ModelProto.graph
			out = append(out, f.raw...)
			continue
		}
		edited, err := widenScalarGraph(f.content, input)
		if err != nil {
			return nil, fmt.Errorf("widen %s: %w", input.Name, err)
		}
		out = appendMessage(out, 7, edited)
	}
	return out, nil
}

// widenScalarGraph edits a GraphProto: node = 1, input = 11. The cast stands before every node that reads it.
func widenScalarGraph(message []byte, input Value) ([]byte, error) {
	fields, err := splitFields(message)
	if err != nil {
		return nil, err
	}
	narrow := "darkroom.narrow." + input.Name
	out := appendMessage(nil, 1, append(newNode("Cast", narrow, input.Name), newIntAttribute("to", int64(input.Type))...))
	found := false
	for _, f := range fields {
		if f.number != 1 && f.number != 11 {
			out = append(out, f.raw...)
			continue
		}
		inside, err := splitFields(f.content)
		switch {
		case err != nil:
			return nil, err
		case f.number == 1:
			out = appendMessage(out, 1, replaceInput(inside, input.Name, narrow))
		case stringField(inside, 1) == input.Name:
			out, found = appendMessage(out, 11, newFloatScalar(input.Name)), true
		default:
			out = append(out, f.raw...)
		}
	}
	if !found {
		return nil, errors.New("no such input")
	}
	return out, nil
}

// replaceInput returns a node that reads another value in place of old.
func replaceInput(node []rawField, old, now string) []byte {
	var out []byte
	for _, f := range node {
		if f.number == 1 && string(f.content) == old {
			out = appendMessage(out, 1, []byte(now))
		} else {
			out = append(out, f.raw...)
		}
	}
	return out
}

// newFloatScalar makes the ValueInfoProto of a Float without dimensions: name = 1, type = 2; in TypeProto tensor_type =
// 1; in its Tensor elem_type = 1, shape = 2.
func newFloatScalar(name string) []byte {
	tensor := appendMessage(appendNumber(nil, 1, uint64(Float)), 2, nil)
	return appendMessage(appendMessage(nil, 1, []byte(name)), 2, appendMessage(nil, 1, tensor))
}
