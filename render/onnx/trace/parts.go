package trace

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// concat joins values along an axis.
func concat(o operation) ([]value, error) {
	out, err := o.first()
	if err != nil {
		return nil, err
	}
	at, err := axis(o.setting("axis", 1), len(out.dims))
	if err != nil {
		return nil, err
	}
	out.dims = slices.Clone(out.dims)
	out.numbers = slices.Clone(out.numbers)
	for _, next := range o.in[1:] {
		same := len(next.dims) == len(out.dims)
		for i, d := range next.dims {
			same = same && (i == at || d == out.dims[i])
		}
		if !same {
			return nil, fmt.Errorf("it joins the shapes %v and %v", out.dims, next.dims)
		}
		out.dims[at] += next.dims[at]
		if out.numbers = append(out.numbers, next.numbers...); next.numbers == nil && next.dims[at] > 0 {
			out.numbers = nil
		}
	}
	if n, _ := out.count(); len(out.dims) != 1 || int64(len(out.numbers)) != n {
		out.numbers = nil
	}
	return one(out, nil)
}

// gather takes entries of an axis.
func gather(o operation) ([]value, error) {
	in, err := o.first()
	if err != nil || !o.has(1) {
		return nil, cmp.Or(err, missing("indices", o.has(1)))
	}
	at, err := axis(o.setting("axis", 0), len(in.dims))
	if err != nil {
		return nil, err
	}
	indices := o.in[1]
	out := value{kind: in.kind, dims: slices.Concat(in.dims[:at], indices.dims, in.dims[at+1:])}
	if len(in.dims) != 1 || in.numbers == nil {
		return one(out, nil)
	}
	for _, index := range indices.numbers {
		n := int(index)
		if n < 0 {
			n += len(in.numbers)
		}
		if n < 0 || n >= len(in.numbers) {
			return nil, fmt.Errorf("it takes entry %d of %d", n, len(in.numbers))
		}
		out.numbers = append(out.numbers, in.numbers[n])
	}
	return one(out, nil)
}

// slice takes a range of some axes.
func slice(o operation) ([]value, error) {
	in, err := o.first()
	if err != nil {
		return nil, err
	}
	starts, _, err := o.settings("starts", 1)
	ends, _, err2 := o.settings("ends", 2)
	axes, named, err3 := o.settings("axes", 3)
	steps, stepped, err4 := o.settings("steps", 4)
	if err := cmp.Or(err, err2, err3, err4); err != nil {
		return nil, err
	}
	out := value{dims: slices.Clone(in.dims), kind: in.kind, numbers: in.numbers}
	for i, start := range starts {
		at, step := i, 1
		if named && i < len(axes) {
			at = axes[i]
		}
		if stepped && i < len(steps) {
			step = steps[i]
		}
		at, err := axis(at, len(in.dims))
		if err != nil || i >= len(ends) || step == 0 {
			return nil, cmp.Or(err, errors.New("its ranges do not fit"))
		}
		from, n := span(start, ends[i], step, in.dims[at])
		out.numbers = taken(value{dims: slices.Clone(out.dims), numbers: out.numbers}, at, from, step, n)
		out.dims[at] = n
	}
	return one(out, nil)
}

// span is where a range of an axis begins, and how many entries it has.
func span(start, end, step, length int) (from, n int) {
	low, high := 0, length
	if step < 0 {
		low, high = -1, length-1
	}
	bound := func(x int) int {
		if x < 0 {
			x += length
		}
		return min(max(x, low), high)
	}
	from, to := bound(start), bound(end)
	if step < 0 && end <= -length-1 {
		to = -1
	}
	if step > 0 {
		return from, max((to-from+step-1)/step, 0)
	}
	return from, max((from-to-step-1)/-step, 0)
}

// taken are the known numbers of a range of an axis.
func taken(in value, at, from, step, n int) (all []float64) {
	if in.numbers == nil {
		return nil
	}
	behind, _ := value{dims: in.dims[at+1:]}.count()
	block := in.dims[at] * int(behind)
	for outer := 0; outer < len(in.numbers); outer += block {
		for i := range n {
			first := outer + (from+i*step)*int(behind)
			all = append(all, in.numbers[first:first+int(behind)]...)
		}
	}
	return all
}

// split divides a value along an axis.
func split(o operation) ([]value, error) {
	in, err := o.first()
	if err != nil {
		return nil, err
	}
	at, err := axis(o.setting("axis", 0), len(in.dims))
	if err != nil {
		return nil, err
	}
	sides, told, err := o.settings("split", 1)
	if err != nil {
		return nil, err
	}
	if !told {
		side := (in.dims[at] + len(o.Out) - 1) / max(len(o.Out), 1)
		for left := in.dims[at]; len(sides) < len(o.Out); left -= side {
			sides = append(sides, max(min(side, left), 0))
		}
	}
	var all []value
	sum := 0
	for _, side := range sides {
		out := value{dims: slices.Clone(in.dims), kind: in.kind}
		out.dims[at] = side
		all, sum = append(all, out), sum+side
	}
	if sum != in.dims[at] || slices.Min(append(sides, 0)) < 0 {
		return nil, fmt.Errorf("it divides %d into %v", in.dims[at], sides)
	}
	return all, nil
}
