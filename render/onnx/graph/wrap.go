package graph

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Wrap edits a network in memory so that its pictures' edges fit each other: every convolution that pads its input
// with zeros is given the input's opposite edges instead, as torch's padding_mode "circular" does, and pads no more.
// A model whose weights lie in files beside it keeps them there.
//
// The edges are put on by Slice and Concat, which every runtime has on every device; Pad's mode "wrap" needs opset 19.
func Wrap(model []byte) ([]byte, error) {
	fields, err := split(model)
	if err != nil {
		return nil, fmt.Errorf("wrap: %w", err)
	}
	if v := opset(fields); v < 10 { // Slice takes its bounds as inputs since then
		return nil, fmt.Errorf("wrap: the model is of opset %d, want 10 or later", v)
	}
	out := make([]byte, 0, len(model)+len(model)/8)
	for _, f := range fields {
		if f.number != 7 { // ModelProto.graph
			out = append(out, f.whole...)
			continue
		}
		edited, err := wrapGraph(f.content)
		if err != nil {
			return nil, fmt.Errorf("wrap: %w", err)
		}
		out = appendMessage(out, 7, edited)
	}
	return out, nil
}

// opset is the version of the standard operators: opset_import = 8, and in OperatorSetIdProto domain = 1, version = 2.
func opset(model []part) int {
	for _, f := range model {
		if f.number != 8 {
			continue
		}
		id, err := split(f.content)
		if err != nil || textOf(id, 1) != "" {
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

// wrapGraph edits a GraphProto: node = 1, initializer = 5.
func wrapGraph(message []byte) ([]byte, error) {
	fields, err := split(message)
	if err != nil {
		return nil, err
	}
	w := wrapper{bounds: map[int64]bool{}}
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
		out = append(out, f.whole...)
	}
	if w.edited == 0 {
		return nil, errors.New("no convolution pads its input")
	}
	return append(out, w.initializers()...), nil
}

// wrapper counts the convolutions that it edits, which makes its names, and remembers the numbers they slice at.
type wrapper struct {
	edited int
	bounds map[int64]bool
}

// node returns the nodes that take a node's place. In NodeProto input = 1, op_type = 4, attribute = 5.
func (w *wrapper) node(f part) ([]byte, error) {
	node, err := split(f.content)
	if err != nil {
		return nil, err
	}
	first := 2 // the first axis with a side of the picture; channels stand before it
	switch textOf(node, 4) {
	case "Conv", "FusedConv", "QLinearConv", "ConvInteger":
	case "NhwcConv": // a runtime's own, with the channels last
		first = 1
	default:
		return f.whole, nil
	}
	pads, err := padding(node)
	if err != nil || !slices.ContainsFunc(pads, func(n int64) bool { return n != 0 }) {
		return f.whole, err
	}
	w.edited++
	var out []byte
	from, sides := textOf(node, 1), len(pads)/2
	for i := range sides {
		to := fmt.Sprintf("darkroom.wrap.%d.%d", w.edited, i)
		out = append(out, w.extend(from, to, first+i, pads[i], pads[i+sides])...)
		from = to
	}
	return appendMessage(out, 1, unpadded(node, from)), nil
}

// padding reads a convolution's pads: what goes before each side, then what goes behind each.
func padding(node []part) ([]int64, error) {
	if auto := attribute(node, "auto_pad"); auto != nil && textOf(auto, 4) != "NOTSET" {
		if textOf(auto, 4) == "VALID" {
			return nil, nil
		}
		return nil, fmt.Errorf("a convolution's auto_pad is %q, want explicit pads", textOf(auto, 4))
	}
	attr := attribute(node, "pads")
	if attr == nil {
		return nil, nil
	}
	pads, err := integers(attr, 8)
	if err == nil && (len(pads)%2 != 0 || slices.Min(append(pads, 0)) < 0) {
		err = fmt.Errorf("a convolution's pads are %v, want pairs from 0", pads)
	}
	return pads, err
}

// extend makes the nodes that put a side's end before it and its beginning behind it.
func (w *wrapper) extend(from, to string, axis int, before, behind int64) []byte {
	var out []byte
	slice := func(name string, start, end int64) string {
		w.bounds[start], w.bounds[end], w.bounds[int64(axis)] = true, true, true
		out = appendMessage(out, 1, nodeOf("Slice", name, from, bound(start), bound(end), bound(int64(axis))))
		return name
	}
	whole := []string{from}
	if before > 0 {
		whole = slices.Insert(whole, 0, slice(to+".end", -before, math.MaxInt64))
	}
	if behind > 0 {
		whole = append(whole, slice(to+".beginning", 0, behind))
	}
	return appendMessage(out, 1, append(nodeOf("Concat", to, whole...), integerAttribute("axis", int64(axis))...))
}

func bound(n int64) string { return fmt.Sprintf("darkroom.wrap.bound.%d", n) }

// unpadded is a convolution that reads another input and pads with nothing.
func unpadded(node []part, input string) []byte {
	var out []byte
	first := true
	for _, f := range node {
		switch {
		case f.number == 1 && first:
			out, first = appendMessage(out, 1, []byte(input)), false
		case f.number == 5 && attributeName(f) == "pads":
		default:
			out = append(out, f.whole...)
		}
	}
	return out
}

// initializers are the numbers that the slices are cut at.
func (w *wrapper) initializers() []byte {
	var out []byte
	for _, n := range slices.Sorted(maps.Keys(w.bounds)) {
		out = appendMessage(out, 5, integerTensor(bound(n), n))
	}
	return out
}
