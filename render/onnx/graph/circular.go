package graph

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// PadCircular edits a network in memory so that its images are tileable: every convolution that pads its input with
// zeros gets the input's opposite edges instead, as with torch's padding_mode "circular", and pads no more. Weights in
// files beside the model stay there.
//
// The edges are added by Slice and Concat, which every runtime has on every device; Pad's mode "wrap" needs opset 19.
func PadCircular(model []byte) ([]byte, error) {
	fields, err := splitFields(model)
	if err != nil {
		return nil, fmt.Errorf("circular padding: %w", err)
	}
	if v := opset(fields); v < 10 { // Slice takes its bounds as inputs since then
		return nil, fmt.Errorf("circular padding: the model is of opset %d, want 10 or later", v)
	}
	out := make([]byte, 0, len(model)+len(model)/8)
	for _, f := range fields {
		if f.number != 7 { // ModelProto.graph
			out = append(out, f.raw...)
			continue
		}
		edited, err := padCircularGraph(f.content)
		if err != nil {
			return nil, fmt.Errorf("circular padding: %w", err)
		}
		out = appendMessage(out, 7, edited)
	}
	return out, nil
}

// opset is the version of the standard operators: opset_import = 8, and in OperatorSetIdProto domain = 1, version = 2.
func opset(model []rawField) int {
	for _, f := range model {
		if f.number != 8 {
			continue
		}
		id, err := splitFields(f.content)
		if err != nil || stringField(id, 1) != "" {
			continue
		}
		for _, v := range id {
			if v.number == 2 {
				return int(min(v.value, math.MaxInt32))
			}
		}
	}
	return 0
}

// padCircularGraph edits a GraphProto: node = 1, initializer = 5.
func padCircularGraph(message []byte) ([]byte, error) {
	fields, err := splitFields(message)
	if err != nil {
		return nil, err
	}
	w := circularPadder{bounds: map[int64]bool{}}
	out := make([]byte, 0, len(message)+len(message)/8)
	for _, f := range fields {
		if f.number == 1 {
			edited, err := w.node(f)
			if err != nil {
				return nil, err
			}
			out = append(out, edited...)
			continue
		}
		out = append(out, f.raw...)
	}
	if w.edited == 0 {
		return nil, errors.New("no convolution pads its input")
	}
	return append(out, w.initializers()...), nil
}

// circularPadder counts the convolutions that it edits, for their names, and collects the bounds of their slices.
type circularPadder struct {
	edited int
	bounds map[int64]bool
}

// node returns the nodes that replace a node. In NodeProto input = 1, op_type = 4, attribute = 5.
func (w *circularPadder) node(f rawField) ([]byte, error) {
	node, err := splitFields(f.content)
	if err != nil {
		return nil, err
	}
	first := 2 // the first axis with a side of the image, after the channels
	switch stringField(node, 4) {
	case "Conv", "FusedConv", "QLinearConv", "ConvInteger":
	case "NhwcConv": // a runtime's own, with the channels last
		first = 1
	default:
		return f.raw, nil
	}
	pads, err := readPads(node)
	if err != nil || !slices.ContainsFunc(pads, func(n int64) bool { return n != 0 }) {
		return f.raw, err
	}
	w.edited++
	var out []byte
	from, sides := stringField(node, 1), len(pads)/2
	for i := range sides {
		to := fmt.Sprintf("darkroom.wrap.%d.%d", w.edited, i)
		out = append(out, w.padAxis(from, to, first+i, pads[i], pads[i+sides])...)
		from = to
	}
	return appendMessage(out, 1, withoutPads(node, from)), nil
}

// readPads reads a convolution's pads: before each side, then after each side.
func readPads(node []rawField) ([]int64, error) {
	if auto := attribute(node, "auto_pad"); auto != nil && stringField(auto, 4) != "NOTSET" {
		if stringField(auto, 4) == "VALID" {
			return nil, nil
		}
		return nil, fmt.Errorf("a convolution's auto_pad is %q, want explicit pads", stringField(auto, 4))
	}
	attr := attribute(node, "pads")
	if attr == nil {
		return nil, nil
	}
	pads, err := repeatedInts(attr, 8)
	if err == nil && (len(pads)%2 != 0 || slices.Min(append(pads, 0)) < 0) {
		err = fmt.Errorf("a convolution's pads are %v, want pairs from 0", pads)
	}
	return pads, err
}

// padAxis makes the nodes that put the end of an axis before it and its beginning after it.
func (w *circularPadder) padAxis(from, to string, axis int, before, behind int64) []byte {
	var out []byte
	slice := func(name string, start, end int64) string {
		w.bounds[start], w.bounds[end], w.bounds[int64(axis)] = true, true, true
		out = appendMessage(out, 1, newNode("Slice", name, from, boundName(start), boundName(end), boundName(int64(axis))))
		return name
	}
	whole := []string{from}
	if before > 0 {
		whole = slices.Insert(whole, 0, slice(to+".end", -before, math.MaxInt64))
	}
	if behind > 0 {
		whole = append(whole, slice(to+".beginning", 0, behind))
	}
	return appendMessage(out, 1, append(newNode("Concat", to, whole...), newIntAttribute("axis", int64(axis))...))
}

func boundName(n int64) string { return fmt.Sprintf("darkroom.wrap.bound.%d", n) }

// withoutPads returns a convolution that reads another input and does not pad.
func withoutPads(node []rawField, input string) []byte {
	var out []byte
	first := true
	for _, f := range node {
		switch {
		case f.number == 1 && first:
			out, first = appendMessage(out, 1, []byte(input)), false
		case f.number == 5 && attributeName(f) == "pads":
		default:
			out = append(out, f.raw...)
		}
	}
	return out
}

// initializers are the bounds of the slices.
func (w *circularPadder) initializers() []byte {
	var out []byte
	for _, n := range slices.Sorted(maps.Keys(w.bounds)) {
		out = appendMessage(out, 5, newIntTensor(boundName(n), n))
	}
	return out
}
