package trace

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"darkroom/render/onnx/graph"
)

// shapeRules are those of operations that make, read or change shapes.
var shapeRules = map[string]rule{
	"Concat": concat, "Constant": constant, "ConstantOfShape": constantOfShape, "Expand": expand, "Flatten": flatten,
	"Gather": gather, "Reshape": reshape, "Shape": shape, "Size": size, "Slice": slice, "Split": split,
	"Squeeze": squeeze, "Tile": tile, "Transpose": transpose, "Unsqueeze": unsqueeze, "Where": where,
}

func shape(o operation) ([]value, error) {
	in, err := o.first()
	from, to := o.setting("start", 0), o.setting("end", len(in.dims))
	if from < 0 {
		from += len(in.dims)
	}
	if to < 0 {
		to += len(in.dims)
	}
	var numbers []float64
	for _, d := range in.dims[max(min(from, len(in.dims)), 0):] {
		numbers = append(numbers, float64(d))
	}
	return one(list(numbers[:max(min(to-from, len(numbers)), 0)]...), err)
}

func size(o operation) ([]value, error) {
	in, err := o.first()
	n, _ := in.count()
	return one(value{kind: graph.Int64, numbers: []float64{float64(n)}}, err)
}

func constant(o operation) ([]value, error) {
	for name, a := range o.Attributes {
		switch name {
		case "value":
			if a.Tensor != nil {
				return one(value{dims: a.Tensor.Dims, kind: a.Tensor.Type, numbers: a.Tensor.Numbers}, nil)
			}
		case "value_int":
			return one(value{kind: graph.Int64, numbers: []float64{float64(a.Int)}}, nil)
		case "value_float":
			return one(value{kind: graph.Float, numbers: []float64{a.Float}}, nil)
		case "value_ints":
			out := list()
			for _, n := range a.Ints {
				out.numbers = append(out.numbers, float64(n))
			}
			out.dims = []int{len(out.numbers)}
			return one(out, nil)
		case "value_floats":
			return one(value{dims: []int{len(a.Floats)}, kind: graph.Float, numbers: a.Floats}, nil)
		}
	}
	return nil, errors.New("it has no value")
}

func constantOfShape(o operation) ([]value, error) {
	dims, err := o.known(0)
	out := value{dims: dims, kind: graph.Float, numbers: []float64{0}}
	if a := o.Attributes["value"].Tensor; a != nil {
		out.kind, out.numbers = a.Type, a.Numbers
	}
	n, ok := out.count()
	if !ok || n > maxKnown || len(out.numbers) != 1 {
		out.numbers = nil
	} else {
		out.numbers = slices.Repeat(out.numbers, int(n))
	}
	return one(out, err)
}

func expand(o operation) ([]value, error) {
	in, err := o.first()
	if err != nil {
		return nil, err
	}
	to, err := o.known(1)
	if err != nil {
		return nil, err
	}
	dims, err := broadcast(in.dims, to)
	return one(value{dims: dims, kind: in.kind}, err)
}

func where(o operation) ([]value, error) {
	if len(o.in) != 3 {
		return nil, errors.New("want three inputs")
	}
	dims, err := broadcast(o.in[1].dims, o.in[2].dims)
	if err == nil {
		dims, err = broadcast(dims, o.in[0].dims)
	}
	return one(value{dims: dims, kind: o.in[1].kind}, err)
}

func flatten(o operation) ([]value, error) {
	in, err := o.first()
	if err != nil {
		return nil, err
	}
	at := o.setting("axis", 1)
	if at < 0 {
		at += len(in.dims)
	}
	if at < 0 || at > len(in.dims) {
		return nil, errors.New("it names an axis that is not there")
	}
	before, _ := value{dims: in.dims[:at]}.count()
	behind, _ := value{dims: in.dims[at:]}.count()
	return one(value{dims: []int{int(before), int(behind)}, kind: in.kind}, nil)
}

func reshape(o operation) ([]value, error) {
	in, err := o.first()
	if err != nil {
		return nil, err
	}
	dims, there, err := o.settings("shape", 1)
	if err != nil || !there {
		return nil, cmp.Or(err, missing("shape", there))
	}
	dims = slices.Clone(dims)
	have, _ := in.count()
	free := -1
	for i, d := range dims {
		switch {
		case d == 0 && o.setting("allowzero", 0) == 0 && i < len(in.dims):
			dims[i] = in.dims[i]
		case d == -1 && free < 0:
			free, dims[i] = i, 1
		case d < 0:
			return nil, fmt.Errorf("it makes the shape %v", dims)
		}
	}
	rest, ok := value{dims: dims}.count()
	if free >= 0 && rest > 0 {
		dims[free] = int(have / rest)
		rest, ok = value{dims: dims}.count()
	}
	if !ok || rest != have {
		return nil, fmt.Errorf("the shape %v becomes %v, which has another number of values", in.dims, dims)
	}
	return one(value{dims: dims, kind: in.kind, numbers: in.numbers}, nil)
}

func missing(what string, there bool) error {
	if there {
		return nil
	}
	return errors.New("it has no " + what)
}

func transpose(o operation) ([]value, error) {
	in, err := o.first()
	if err != nil {
		return nil, err
	}
	order := o.Attributes["perm"].Ints
	out := value{kind: in.kind}
	for i := len(in.dims) - 1; len(o.Attributes["perm"].Ints) == 0 && i >= 0; i-- {
		order = append(order, int64(i))
	}
	seen := map[int64]bool{}
	for _, from := range order {
		if from < 0 || int(from) >= len(in.dims) || seen[from] || len(order) != len(in.dims) {
			return nil, fmt.Errorf("it orders axes as %v, of a value that has %d", order, len(in.dims))
		}
		seen[from] = true
		out.dims = append(out.dims, in.dims[from])
	}
	out.numbers = transposed(in, out.dims, order)
	return one(out, nil)
}

// transposed are the known numbers of a value whose axes are in another order.
func transposed(in value, dims []int, order []int64) (all []float64) {
	for i := range in.numbers {
		from, rest := 0, i
		for j, d := range slices.Backward(dims) { // the place on each axis, last axis first
			behind, _ := value{dims: in.dims[order[j]+1:]}.count()
			from += rest % d * int(behind)
			rest /= d
		}
		all = append(all, in.numbers[from])
	}
	return all
}

func unsqueeze(o operation) ([]value, error) {
	in, err := o.first()
	if err != nil {
		return nil, err
	}
	axes, _, err := o.settings("axes", 1)
	rank := len(in.dims) + len(axes)
	isNew := map[int]bool{}
	for _, n := range axes {
		at, fault := axis(n, rank)
		err = cmp.Or(err, fault)
		isNew[at] = true
	}
	if err != nil || len(isNew) != len(axes) {
		return nil, cmp.Or(err, missing("axes", len(axes) > 0))
	}
	out, rest := value{kind: in.kind, numbers: in.numbers}, in.dims
	for i := range rank {
		if isNew[i] {
			out.dims = append(out.dims, 1)
			continue
		}
		out.dims, rest = append(out.dims, rest[0]), rest[1:]
	}
	return one(out, nil)
}

func squeeze(o operation) ([]value, error) {
	in, err := o.first()
	if err != nil {
		return nil, err
	}
	axes, named, err := o.settings("axes", 1)
	if err != nil {
		return nil, err
	}
	drop := map[int]bool{}
	for _, n := range axes {
		at, err := axis(n, len(in.dims))
		if err != nil || in.dims[at] != 1 {
			return nil, cmp.Or(err, fmt.Errorf("it drops an axis of the shape %v that is not 1", in.dims))
		}
		drop[at] = true
	}
	out := value{kind: in.kind, numbers: in.numbers}
	for i, d := range in.dims {
		if !drop[i] && (named || d != 1) {
			out.dims = append(out.dims, d)
		}
	}
	return one(out, nil)
}

func tile(o operation) ([]value, error) {
	in, err := o.first()
	if err != nil {
		return nil, err
	}
	times, err := o.known(1)
	if err != nil || len(times) != len(in.dims) {
		return nil, cmp.Or(err, fmt.Errorf("it repeats %d axes of a value that has %d", len(times), len(in.dims)))
	}
	out := value{dims: slices.Clone(in.dims), kind: in.kind}
	for i, n := range times {
		if n < 0 || n > 1<<20 {
			return nil, fmt.Errorf("it repeats a value %d times", n)
		}
		out.dims[i] *= n
	}
	return one(out, nil)
}
