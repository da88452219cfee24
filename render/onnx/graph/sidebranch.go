package graph

import (
	"cmp"
	"strconv"
)

// matrix returns what a linear layer multiplies by: its numbers in and out, and the type that it computes in.
func (e *exposer) matrix(l layer) (in, out int, kind Type, ok bool) {
	weight := e.weights[l.weight]
	dims, err := repeatedInts(weight, 1)
	if l.module == "" || err != nil || len(dims) != 2 {
		return 0, 0, 0, false
	}
	in, out = int(dims[0]), int(dims[1])
	if !l.transposed {
		in, out = out, in
	}
	return in, out, cmp.Or(l.kind, typeOf(weight)), true
}

// kind is the type that the network computes in: that of its first linear layer.
func (e *exposer) kind() Type {
	for at := range e.nodes {
		if _, _, kind, ok := e.matrix(e.layers[at]); ok {
			return kind
		}
	}
	return Float
}

// node returns a node, with a side branch where it is a linear layer, and what hypernetworks put in front of it.
func (e *exposer) node(at int, f rawField) []byte {
	x, use := e.nodes[at], e.layers[at]
	in, out, kind, ok := e.matrix(use)
	if !ok || x.op == "Conv" || len(x.out) != 1 {
		return f.raw
	}
	b := BranchInput{
		Module: use.module,
		Down:   Value{Name: "darkroom.down." + strconv.Itoa(at), Type: kind, Dims: []int{in, 0}},
		Up:     Value{Name: "darkroom.up." + strconv.Itoa(at), Type: kind, Dims: []int{0, out}},
	}
	e.Branches = append(e.Branches, b)
	read := e.hypernets.Change(x.in[0], use.module, in)
	all, constants := e.hypernets.Take()
	all = append(constants, all...)
	plain, inner, side := "darkroom.plain."+x.out[0], b.Down.Name+".y", b.Up.Name+".y"
	all = appendMessage(all, 1, renamed(x.fields, x.in[0], read, plain))
	all = appendMessage(all, 1, newNode("MatMul", inner, read, b.Down.Name))
	all = appendMessage(all, 1, newNode("MatMul", side, inner, b.Up.Name))
	return appendMessage(all, 1, newNode("Add", x.out[0], plain, side))
}

// renamed copies a node with another first input and another output: in NodeProto input = 1, output = 2.
func renamed(node []rawField, from, to, output string) []byte {
	var b []byte
	first := true
	for _, f := range node {
		switch {
		case f.number == 1 && first && string(f.content) == from:
			b, first = appendMessage(b, 1, []byte(to)), false
		case f.number == 2:
			b = appendMessage(b, 2, []byte(output))
		default:
			b = append(b, f.raw...)
		}
	}
	return b
}
