package graph

import (
	"encoding/binary"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// operand is the query, key or value of an attention.
type operand struct {
	value        string  // [batch, length, heads × width]
	heads        int     // 0 where it is unknown
	scale        float64 // what it is multiplied by
	defaultScale bool    // the scale is ⁴√(1/width), as torch's default makes it
}

// matchScaled follows Mul, then matchHeads.
func (f *fuser) matchScaled(value string, perm ...int64) (operand, bool) {
	at, ok := f.producedBy(value, "Mul")
	if !ok || len(f.nodes[at].in) != 2 {
		return operand{}, false
	}
	s, ok := f.matchHeads(f.nodes[at].in[0], perm...)
	if !ok {
		return operand{}, false
	}
	by := f.skipCasts(f.nodes[at].in[1])
	if x, ok := f.constant(by); ok {
		s.scale = x
		return s, true
	}
	s.defaultScale = f.isDefaultScale(by)
	return s, s.defaultScale
}

// isDefaultScale says whether a value is √(1/√width), with the width read from a shape.
func (f *fuser) isDefaultScale(value string) bool {
	root, ok := f.producedBy(value, "Sqrt")
	if !ok {
		return false
	}
	div, ok := f.producedBy(f.nodes[root].in[0], "Div")
	if !ok || len(f.nodes[div].in) != 2 {
		return false
	}
	if one, ok := f.constant(f.skipCasts(f.nodes[div].in[0])); !ok || one != 1 {
		return false
	}
	inner, ok := f.producedBy(f.nodes[div].in[1], "Sqrt")
	if !ok {
		return false
	}
	part, ok := f.producedBy(f.nodes[inner].in[0], "Slice", "Gather")
	if !ok {
		return false
	}
	_, ok = f.producedBy(f.nodes[part].in[0], "Shape")
	return ok
}

// matchHeads follows Transpose and Reshape to the value of three dimensions that was divided into heads.
func (f *fuser) matchHeads(value string, perm ...int64) (operand, bool) {
	transposed, ok := f.producedBy(value, "Transpose")
	if !ok || !f.hasPerm(transposed, perm...) {
		return operand{}, false
	}
	shaped, ok := f.producedBy(f.nodes[transposed].in[0], "Reshape")
	if !ok || len(f.nodes[shaped].in) != 2 {
		return operand{}, false
	}
	s := operand{value: f.nodes[shaped].in[0]}
	joined, ok := f.producedBy(f.nodes[shaped].in[1], "Concat")
	if !ok || len(f.nodes[joined].in) != 4 {
		return operand{}, false
	}
	n, ok := f.constant(f.skipCasts(f.nodes[joined].in[2]))
	s.heads = int(n)
	return s, ok
}

// producedBy returns the node that produces a value, if it is one of these operations.
func (f *fuser) producedBy(value string, ops ...string) (int, bool) {
	at, ok := f.producers[f.skipCasts(value)]
	return at, ok && slices.Contains(ops, f.nodes[at].op) && len(f.nodes[at].in) > 0
}

// soleConsumer returns the only node that reads a value, past casts, if it is this operation.
func (f *fuser) soleConsumer(value, op string) (int, bool) {
	for range f.nodes {
		all := f.consumers[value]
		if len(all) != 1 {
			return 0, false
		}
		x := f.nodes[all[0]]
		if x.op != "Cast" && x.op != "Identity" {
			return all[0], x.op == op && len(x.out) == 1
		}
		value = x.out[0]
	}
	return 0, false
}

// hasPerm says whether a Transpose has these axes.
func (f *fuser) hasPerm(at int, perm ...int64) bool {
	got, err := repeatedInts(attribute(f.nodes[at].fields, "perm"), 8)
	return err == nil && slices.Equal(got, perm)
}

// constant reads a single number: of a Constant, or of a weight in the graph.
func (f *fuser) constant(value string) (float64, bool) {
	if w, ok := f.weights[value]; ok {
		return scalarValue(w)
	}
	at, ok := f.producers[value]
	if ok && f.nodes[at].op == "Unsqueeze" {
		return f.constant(f.skipCasts(f.nodes[at].in[0]))
	}
	if !ok || f.nodes[at].op != "Constant" {
		return 0, false
	}
	for _, p := range attribute(f.nodes[at].fields, "value") {
		if p.number == 5 { // AttributeProto.t
			return scalarValue(splitOrNil(p.content))
		}
	}
	return 0, false
}

// scalarValue reads a TensorProto of one number: data_type = 2, raw_data = 9; float_data = 4, int64_data = 7.
func scalarValue(tensor []rawField) (float64, bool) {
	var kind Type
	var raw []byte
	for _, p := range tensor {
		switch p.number {
		case 2:
			kind = Type(p.value)
		case 9:
			raw = p.content
		}
	}
	switch {
	case kind == Float && len(raw) == 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))), true
	case kind == Double && len(raw) == 8:
		return math.Float64frombits(binary.LittleEndian.Uint64(raw)), true
	case kind == Int64 && len(raw) == 8:
		return float64(int64(binary.LittleEndian.Uint64(raw))), true
	case kind == Int64:
		if all, err := repeatedInts(tensor, 7); err == nil && len(all) == 1 {
			return float64(all[0]), true
		}
	}
	return 0, false
}

// unusedNodes finds the nodes whose results nothing reads any more: the runtime would still run them.
func (f *fuser) unusedNodes() map[int]bool {
	needed, todo := map[string]bool{}, []string{}
	need := func(values ...string) {
		for _, v := range values {
			if !needed[v] {
				needed[v] = true
				todo = append(todo, v)
			}
		}
	}
	for _, output := range f.outputs {
		need(stringField(output, 1))
	}
	used := map[int]bool{}
	for len(todo) > 0 {
		at, made := f.producers[todo[len(todo)-1]]
		todo = todo[:len(todo)-1]
		if !made || used[at] {
			continue
		}
		used[at] = true
		in := f.nodes[at].in
		if f.replacements[at] != nil {
			in = nil
			for _, p := range splitOrNil(f.replacements[at]) {
				if p.number == 1 {
					in = append(in, string(p.content))
				}
			}
		}
		need(in...)
	}
	idle := map[int]bool{}
	for at := range f.nodes {
		idle[at] = !used[at]
	}
	return idle
}

// intAttribute reads an integer attribute: AttributeProto.i = 3.
func intAttribute(attribute []rawField, otherwise int64) int64 {
	for _, p := range attribute {
		if p.number == 3 {
			return int64(p.value)
		}
	}
	return otherwise
}

// newFloatAttribute makes a node's attribute: in AttributeProto name = 1, f = 2, type = 20, where FLOAT is 1.
func newFloatAttribute(name string, v float32) []byte {
	b := appendMessage(nil, 1, []byte(name))
	b = protowire.AppendFixed32(protowire.AppendTag(b, 2, protowire.Fixed32Type), math.Float32bits(v))
	return appendMessage(nil, 5, appendNumber(b, 20, 1))
}
