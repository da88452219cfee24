package network

import (
	"fmt"
	"strings"

	"darkroom/render/onnx/graph"
)

// groups is how many groups of channels a norm has.
const groups = 32

func cutWeight(name string) (module string, ok bool) {
	if module, ok = strings.CutSuffix(name, ".weight"); !ok {
		return "", false
	}
	return module, true
}

func (w *writer) add(a, b string) string { return w.node("Add", []string{a, b}) }

func (w *writer) multiply(a, b string) string { return w.node("Mul", []string{a, b}) }

// silu is x·σ(x).
func (w *writer) silu(x string) string { return w.quickGelu(x, 1) }

// quickGelu is x·σ(αx), which the runtime has as one operation.
func (w *writer) quickGelu(x string, alpha float32) string {
	return w.own("QuickGelu", []string{x}, attribute{"alpha", alpha})
}

func (w *writer) shapeOf(x string) string { return w.node("Shape", []string{x}) }

func (w *writer) reshape(x string, dims ...int) string {
	return w.node("Reshape", []string{x, w.ints(dims...)})
}

// slice takes the elements from to to-1 of a list.
func (w *writer) slice(list string, from, to int) string {
	return w.node("Slice", []string{list, w.ints(from), w.ints(to)})
}

func (w *writer) concat(axis int, all ...string) string {
	return w.node("Concat", all, attribute{"axis", axis})
}

// linear applies a linear layer to rows [n, in]. A 1×1 convolution is one, too. In a UNet hypernetworks come before it.
func (w *writer) linear(x, module string) string {
	s := w.shape(module+".weight", 2)
	out, in := s[0], volume(s[1:])
	dims, transB := []int{out, in}, 1
	if w.weights[module+".weight"].Transposed {
		out, in, transB = s[1], s[0], 0
		dims = []int{in, out}
	}
	x = w.hypernets.Change(x, module, in)
	nodes, constants := w.hypernets.Take()
	w.nodes, w.constants = append(w.nodes, nodes...), append(w.constants, constants...)
	operands := []string{x, w.weight(module+".weight", dims...)}
	if w.weights.Has(module + ".bias") {
		operands = append(operands, w.weight(module+".bias", out))
	}
	y := w.node("Gemm", operands, attribute{"transB", transB})
	if !w.options.Branches {
		return y
	}
	b := graph.BranchInput{
		Module: module,
		Down:   graph.Value{Name: module + ".down", Type: w.computes(), Dims: []int{in, 0}},
		Up:     graph.Value{Name: module + ".up", Type: w.computes(), Dims: []int{0, out}},
	}
	w.Branches = append(w.Branches, b)
	h := w.node("MatMul", []string{x, b.Down.Name})
	return w.add(y, w.node("MatMul", []string{h, b.Up.Name}))
}

// conv applies a convolution. Without pads it keeps the size.
func (w *writer) conv(x, module string, stride int, pads ...int) string {
	s := w.shape(module+".weight", 4)
	if len(pads) == 0 {
		pads = []int{s[2] / 2, s[3] / 2, s[2] / 2, s[3] / 2}
	}
	operands := []string{x, w.weight(module + ".weight")}
	if w.weights.Has(module + ".bias") {
		operands = append(operands, w.weight(module+".bias"))
	}
	return w.node("Conv", operands, attribute{"kernel_shape", s[2:4]}, attribute{"strides", []int{stride, stride}},
		attribute{"pads", pads})
}

// groupNorm normalizes groups of channels of [b, c, h, w]: each group is an instance of one channel.
func (w *writer) groupNorm(x, module string, epsilon float32) string {
	c := w.shape(module+".weight", 1)[0]
	kind, one, zero := w.computes(), make([]float32, groups), make([]float32, groups)
	for i := range one {
		one[i] = 1
	}
	n := w.node("InstanceNormalization", []string{
		w.reshape(x, 0, groups, -1), w.numbers("ones", kind, []int{groups}, one),
		w.numbers("zeros", kind, []int{groups}, zero),
	}, attribute{"epsilon", epsilon})
	n = w.node("Reshape", []string{n, w.shapeOf(x)})
	return w.add(w.multiply(n, w.weight(module+".weight", c, 1, 1)), w.weight(module+".bias", c, 1, 1))
}

// layerNorm normalizes the last axis.
func (w *writer) layerNorm(x, module string) string {
	return w.node("LayerNormalization", []string{x, w.weight(module + ".weight"), w.weight(module + ".bias")},
		attribute{"axis", -1}, attribute{"epsilon", float32(1e-5)})
}

// heads applies attention to q, k and v [b, n, c]. mask is added to the scores; empty for none.
func (w *writer) heads(q, k, v, mask string, heads int) string {
	in := []string{q, k, v}
	if mask != "" {
		in = append(in, "", "", mask)
	}
	return w.own("MultiHeadAttention", in, attribute{"num_heads", heads})
}

// rows turns [b, c, h, w] into rows of channels [b·h·w, c].
func (w *writer) rows(x string, c int) string {
	flat := w.node("Transpose", []string{w.reshape(x, 0, c, -1)}, attribute{"perm", []int{0, 2, 1}})
	return w.reshape(flat, -1, c)
}

// unrows turns rows of channels back into the shape of like, which has as many channels.
func (w *writer) unrows(x, batch, like string, c int) string {
	whole := w.node("Reshape", []string{x, w.sequence(batch, c)})
	return w.node("Reshape", []string{
		w.node("Transpose", []string{whole}, attribute{"perm", []int{0, 2, 1}}), w.shapeOf(like),
	})
}

// sequence is the shape [b, -1, c]; batch is a list of the one number b.
func (w *writer) sequence(batch string, c int) string {
	return w.once(fmt.Sprint("sequence ", batch, c), func() string { return w.concat(0, batch, w.ints(-1, c)) })
}

// double doubles the sides of [b, c, h, w] by repeating each value.
func (w *writer) double(x string) string {
	if w.options.NoResize {
		return w.repeat(x)
	}
	scale := w.numbers("double", graph.Float, []int{4}, []float32{1, 1, 2, 2})
	return w.resize(x, scale, "")
}

// resizeLike repeats values so that the sides are those of another value: sides that were halved with a rest.
func (w *writer) resizeLike(x, like string) string {
	sides := w.slice(w.shapeOf(like), 2, 4)
	if w.options.NoResize {
		return w.node("Slice", []string{w.repeat(x), w.ints(0, 0), sides, w.ints(2, 3)})
	}
	size := w.concat(0, w.slice(w.shapeOf(x), 0, 2), sides)
	return w.resize(x, "", size)
}

// repeat doubles the sides as double does, without Resize: each value becomes a square of four.
func (w *writer) repeat(x string) string {
	squares := w.node("Unsqueeze", []string{x, w.ints(3, 5)}) // [b, c, h, 1, w, 1]
	squares = w.node("Expand", []string{squares, w.ints(1, 1, 1, 2, 1, 2)})
	shape := w.node("Mul", []string{w.shapeOf(x), w.ints(1, 1, 2, 2)})
	return w.node("Reshape", []string{squares, shape})
}

func (w *writer) resize(x, scale, size string) string {
	in := []string{x, "", scale}
	if size != "" {
		in = append(in, size)
	}
	return w.node("Resize", in, attribute{"mode", "nearest"},
		attribute{"coordinate_transformation_mode", "asymmetric"}, attribute{"nearest_mode", "floor"})
}
