package graph

import (
	"fmt"
	"slices"
)

// Still edits a network in memory so that the normal numbers it draws are all zero, which leaves the mean of what it draws
// around. A network that draws none stays as it is.
//
// What is drawn is subtracted from itself: it may have any shape.
func Still(model []byte) ([]byte, error) {
	fields, err := split(model)
	if err != nil {
		return nil, fmt.Errorf("still: %w", err)
	}
	out := make([]byte, 0, len(model)+256)
	for _, f := range fields {
		if f.number != 7 { // ModelProto.graph
			out = append(out, f.whole...)
			continue
		}
		edited, err := stillGraph(f.content)
		if err != nil {
			return nil, fmt.Errorf("still: %w", err)
		}
		out = appendMessage(out, 7, edited)
	}
	return out, nil
}

// stillGraph edits a GraphProto: node = 1.
func stillGraph(message []byte) ([]byte, error) {
	fields, err := split(message)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(message)+256)
	for _, f := range fields {
		if f.number != 1 {
			out = append(out, f.whole...)
			continue
		}
		node, err := split(f.content)
		if err != nil {
			return nil, err
		}
		if op := textOf(node, 4); !slices.Contains([]string{"RandomNormal", "RandomNormalLike"}, op) {
			out = append(out, f.whole...)
			continue
		}
		to := textOf(node, 2)
		drawn := "darkroom.still." + to
		out = appendMessage(out, 1, renamed(node, drawn))
		out = appendMessage(out, 1, nodeOf("Sub", to, drawn, drawn))
	}
	return out, nil
}

// renamed is a node of one output under another name. In NodeProto output = 2.
func renamed(node []part, output string) []byte {
	var out []byte
	for _, f := range node {
		if f.number == 2 {
			out = appendMessage(out, 2, []byte(output))
			continue
		}
		out = append(out, f.whole...)
	}
	return out
}
