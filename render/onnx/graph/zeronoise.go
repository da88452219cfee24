package graph

import (
	"fmt"
	"slices"
)

// ZeroNoise edits a network in memory so that the normal numbers it draws are all zero, which leaves the mean. A
// network that draws none stays as it is.
//
// The drawn values are subtracted from themselves, so they may have any shape.
func ZeroNoise(model []byte) ([]byte, error) {
	fields, err := splitFields(model)
	if err != nil {
		return nil, fmt.Errorf("zero noise: %w", err)
	}
	out := make([]byte, 0, len(model)+256)
	for _, f := range fields {
		if f.number != 7 { // ModelProto.graph
			out = append(out, f.raw...)
			continue
		}
		edited, err := zeroNoiseGraph(f.content)
		if err != nil {
			return nil, fmt.Errorf("zero noise: %w", err)
		}
		out = appendMessage(out, 7, edited)
	}
	return out, nil
}

// zeroNoiseGraph edits a GraphProto: node = 1.
func zeroNoiseGraph(message []byte) ([]byte, error) {
	fields, err := splitFields(message)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(message)+256)
	for _, f := range fields {
		if f.number != 1 {
			out = append(out, f.raw...)
			continue
		}
		node, err := splitFields(f.content)
		if err != nil {
			return nil, err
		}
		if op := stringField(node, 4); !slices.Contains([]string{"RandomNormal", "RandomNormalLike"}, op) {
			out = append(out, f.raw...)
			continue
		}
		to := stringField(node, 2)
		drawn := "darkroom.still." + to
		out = appendMessage(out, 1, renamedNode(node, drawn))
		out = appendMessage(out, 1, newNode("Sub", to, drawn, drawn))
	}
	return out, nil
}

// renamedNode returns a node of one output under another name. In NodeProto output = 2.
func renamedNode(node []rawField, output string) []byte {
	var out []byte
	for _, f := range node {
		if f.number == 2 {
			out = appendMessage(out, 2, []byte(output))
			continue
		}
		out = append(out, f.raw...)
	}
	return out
}
