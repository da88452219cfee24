package trace

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"darkroom/render/onnx/graph"
)

// value is a value of a network: its shape and, where they are few and known, its numbers. Shapes are computed from
// such numbers.
type value struct {
	dims     []int
	kind     graph.Type
	numbers  []float64
	constant bool // it does not depend on the image
}

// count is how many numbers a value has, and whether that can be said.
func (v value) count() (n int64, ok bool) {
	n = 1
	for _, d := range v.dims {
		if d < 0 || d > 0 && n > math.MaxInt64/int64(d) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}

// list is a value of one axis.
func list(numbers ...float64) value {
	return value{dims: []int{len(numbers)}, kind: graph.Int64, numbers: numbers}
}

// operation is a node with what it reads.
type operation struct {
	graph.Node
	in   []value
	work *int64
}

// rule says what an operation makes.
type rule func(operation) ([]value, error)

// one returns a rule's only output.
func one(v value, err error) ([]value, error) { return []value{v}, err }

// has says whether there is an input.
func (o operation) has(i int) bool { return i < len(o.in) && o.In[i] != "" }

// image returns the first input, of [n, c, h, w].
func (o operation) image() (value, error) {
	if !o.has(0) || len(o.in[0].dims) != 4 {
		return value{}, errors.New("its first input is not of the shape [n,c,h,w]")
	}
	return o.in[0], nil
}

// first returns the first input.
func (o operation) first() (value, error) {
	if !o.has(0) {
		return value{}, errors.New("it reads nothing")
	}
	return o.in[0], nil
}

// setting is an integer attribute.
func (o operation) setting(name string, otherwise int) int {
	if a, ok := o.Attributes[name]; ok {
		return int(a.Int)
	}
	return otherwise
}

// settings is a list of integers: an attribute in older versions of an operation, an input in newer ones. ok is false
// where there is none; an input that is not known before the network runs is an error.
func (o operation) settings(name string, input int) (all []int, ok bool, err error) {
	if a, there := o.Attributes[name]; there && len(a.Ints) > 0 {
		for _, n := range a.Ints {
			all = append(all, int(n))
		}
		return all, true, nil
	}
	if input < 0 || !o.has(input) {
		return nil, false, nil
	}
	all, err = o.known(input)
	return all, true, err
}

// known returns the numbers of an input.
func (o operation) known(i int) ([]int, error) {
	if !o.has(i) {
		return nil, fmt.Errorf("input %d is missing", i+1)
	}
	v := o.in[i]
	if count, _ := v.count(); v.numbers == nil && count > 0 {
		return nil, fmt.Errorf("its input %d is known only when the network runs", i+1)
	}
	all := make([]int, 0, len(v.numbers))
	for _, n := range v.numbers {
		if math.IsNaN(n) || math.Abs(n) > math.MaxInt64/2 {
			n = math.Copysign(math.MaxInt32, n) // as much as "to the end"
		}
		all = append(all, int(n))
	}
	return all, nil
}

// axis is an axis of a value, counted from the end where it is negative.
func axis(n, rank int) (int, error) {
	if n < 0 {
		n += rank
	}
	if n < 0 || n >= rank {
		return 0, fmt.Errorf("it names an axis that a value of %d axes has not", rank)
	}
	return n, nil
}

// broadcast is the shape that two shapes have together.
func broadcast(a, b []int) ([]int, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out, skip := slices.Clone(a), len(a)-len(b)
	for i, d := range b {
		switch at := skip + i; {
		case out[at] == 1:
			out[at] = d
		case d != 1 && d != out[at]:
			return nil, fmt.Errorf("shapes %v and %v do not fit together", a, b)
		}
	}
	return out, nil
}
