package trace

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// spatialRules are those of operations that work on images, or multiply matrices.
var spatialRules = map[string]rule{
	"AveragePool": pool, "Conv": conv, "ConvTranspose": convTranspose, "DepthToSpace": depthToSpace, "Gemm": gemm,
	"GlobalAveragePool": globalPool, "GlobalMaxPool": globalPool, "MatMul": matMul, "MaxPool": pool, "Pad": pad,
	"ReduceMax": reduce, "ReduceMean": reduce, "ReduceMin": reduce, "ReduceSum": reduce, "Resize": resize,
	"SpaceToDepth": spaceToDepth, "Upsample": resize,
}

// window is how a kernel moves over a side.
type window struct{ kernel, stride, dilation, before, behind int }

// windows reads the settings of both sides.
func (o operation) windows(kernel []int) (all [2]window, err error) {
	list := func(name string, n, otherwise int) []int {
		if a := o.Attributes[name].Ints; len(a) > 0 {
			out := make([]int, len(a))
			for i, v := range a {
				out[i] = int(v)
			}
			return out
		}
		return slices.Repeat([]int{otherwise}, n)
	}
	pads, strides, dilations := list("pads", 4, 0), list("strides", 2, 1), list("dilations", 2, 1)
	switch auto := o.Attributes["auto_pad"].Text; {
	case auto != "" && auto != "NOTSET" && auto != "VALID":
		return all, fmt.Errorf("it pads as %s says", short(auto))
	case len(kernel) != 2 || len(pads) != 4 || len(strides) != 2 || len(dilations) != 2:
		return all, errors.New("want a kernel of two sides")
	}
	for i := range all {
		all[i] = window{kernel[i], strides[i], dilations[i], pads[i], pads[i+2]}
		if w := all[i]; min(w.kernel, w.stride, w.dilation) < 1 || max(w.kernel, w.stride, w.dilation, w.before,
			w.behind) > maxWindow || min(w.before, w.behind) < 0 {
			return all, fmt.Errorf("its kernel %+v is none", w)
		}
	}
	return all, nil
}

// maxWindow bounds kernels, strides and pads.
const maxWindow = 1 << 12

// slide is how many places a kernel has on a side.
func (w window) slide(side int) int {
	return (side+w.before+w.behind-w.dilation*(w.kernel-1)-1)/w.stride + 1
}

// weights checks a convolution's weight, whose second axis is what it reads of a group for Conv, and what it makes for
// ConvTranspose.
func (o operation) weights() (in value, weight []int, groups int, w [2]window, err error) {
	in, err = o.image()
	if err != nil || !o.has(1) || len(o.in[1].dims) != 4 {
		return in, nil, 0, w, cmp.Or(err, errors.New("its weight is not of the shape [o,i,h,w]"))
	}
	weight, groups = o.in[1].dims, o.setting("group", 1)
	if groups < 1 || groups > in.dims[1] {
		return in, nil, 0, w, fmt.Errorf("%d groups of %d channels", groups, in.dims[1])
	}
	w, err = o.windows(weight[2:])
	return in, weight, groups, w, err
}

func conv(o operation) ([]value, error) {
	in, weight, groups, w, err := o.weights()
	if err != nil {
		return nil, err
	}
	if in.dims[1] != weight[1]*groups {
		return nil, fmt.Errorf("it reads %d channels, and its weight has %d", in.dims[1], weight[1]*groups)
	}
	if o.has(2) && !slices.Equal(o.in[2].dims, weight[:1]) {
		return nil, fmt.Errorf("its bias is %v, want %v", o.in[2].dims, weight[:1])
	}
	out := value{dims: []int{in.dims[0], weight[0], w[0].slide(in.dims[2]), w[1].slide(in.dims[3])}, kind: in.kind}
	return o.worked(out, int64(weight[1])*int64(weight[2])*int64(weight[3]))
}

// worked adds the multiplications of each number of what an operation makes.
func (o operation) worked(out value, each int64) ([]value, error) {
	if slices.Min(out.dims) < 1 {
		return nil, fmt.Errorf("it makes the shape %v", out.dims)
	}
	n, ok := out.count()
	if !ok || n > maxNumbers || each > maxNumbers {
		return nil, fmt.Errorf("it makes a value of the shape %v, which no machine can hold", out.dims)
	}
	*o.work += int64(math.Min(float64(n)*float64(each), math.MaxInt64/4))
	return one(out, nil)
}

func convTranspose(o operation) ([]value, error) {
	in, weight, groups, w, err := o.weights()
	if err != nil {
		return nil, err
	}
	if in.dims[1] != weight[0] || len(o.Attributes["output_shape"].Ints) > 0 {
		return nil, fmt.Errorf("it reads %d channels, and its weight has %d", in.dims[1], weight[0])
	}
	out := value{dims: []int{in.dims[0], weight[1] * groups, 0, 0}, kind: in.kind}
	more := o.Attributes["output_padding"].Ints
	for i := range w {
		side := (in.dims[2+i]-1)*w[i].stride + w[i].dilation*(w[i].kernel-1) + 1 - w[i].before - w[i].behind
		if len(more) == 2 {
			side += int(more[i])
		}
		out.dims[2+i] = side
	}
	each := int64(weight[0]) * int64(weight[2]) * int64(weight[3]) / int64(groups*w[0].stride*w[1].stride)
	return o.worked(out, each)
}

func pool(o operation) ([]value, error) {
	in, err := o.image()
	if err != nil {
		return nil, err
	}
	var kernel []int
	for _, n := range o.Attributes["kernel_shape"].Ints {
		kernel = append(kernel, int(n))
	}
	w, err := o.windows(kernel)
	if err != nil || o.setting("ceil_mode", 0) != 0 {
		return nil, cmp.Or(err, errors.New("it rounds sides up"))
	}
	return one(value{dims: []int{in.dims[0], in.dims[1], w[0].slide(in.dims[2]), w[1].slide(in.dims[3])}, kind: in.kind},
		nil)
}

func globalPool(o operation) ([]value, error) {
	in, err := o.image()
	if err != nil {
		return nil, err
	}
	return one(value{dims: []int{in.dims[0], in.dims[1], 1, 1}, kind: in.kind}, nil)
}

func depthToSpace(o operation) ([]value, error) {
	in, err := o.image()
	if err != nil {
		return nil, err
	}
	b := o.setting("blocksize", 0)
	if b < 1 || b > maxWindow || in.dims[1]%(b*b) != 0 {
		return nil, fmt.Errorf("it makes blocks of %d×%d from %d channels", b, b, in.dims[1])
	}
	return one(value{dims: []int{in.dims[0], in.dims[1] / (b * b), in.dims[2] * b, in.dims[3] * b}, kind: in.kind}, nil)
}

func spaceToDepth(o operation) ([]value, error) {
	in, err := o.image()
	if err != nil {
		return nil, err
	}
	b := o.setting("blocksize", 0)
	if b < 1 || b > maxWindow || in.dims[2]%b != 0 || in.dims[3]%b != 0 {
		return nil, fmt.Errorf("it divides %d×%d into blocks of %d", in.dims[2], in.dims[3], b)
	}
	return one(value{dims: []int{in.dims[0], in.dims[1] * b * b, in.dims[2] / b, in.dims[3] / b}, kind: in.kind}, nil)
}

// resize is Resize of all versions, and Upsample. Sizes or scales may come from an attribute or an input.
func resize(o operation) ([]value, error) {
	in, err := o.image()
	if err != nil {
		return nil, err
	}
	out := value{dims: slices.Clone(in.dims), kind: in.kind}
	if o.has(3) { // sizes
		out.dims, err = o.known(3)
		if err != nil || len(out.dims) != 4 {
			return nil, cmp.Or(err, errors.New("want a size of four axes"))
		}
		return one(out, nil)
	}
	scales := o.Attributes["scales"].Floats
	at := 2
	if len(o.In) < 3 { // Upsample, and Resize before version 11
		at = 1
	}
	if o.has(at) {
		scales = o.in[at].numbers
	}
	if len(scales) != 4 || len(o.Attributes["axes"].Ints) > 0 {
		return nil, errors.New("its scales are known only when the network runs")
	}
	for i, by := range scales {
		if !(by > 0) || by > maxWindow {
			return nil, fmt.Errorf("it scales by %v", scales)
		}
		out.dims[i] = int(math.Floor(float64(in.dims[i])*by + 1e-6))
	}
	return one(out, nil)
}

func pad(o operation) ([]value, error) {
	in, err := o.first()
	if err != nil {
		return nil, err
	}
	pads, _, err := o.settings("pads", 1)
	if err != nil || len(pads) != 2*len(in.dims) || o.has(3) {
		return nil, cmp.Or(err, errors.New("want pads of all axes"))
	}
	out := value{dims: slices.Clone(in.dims), kind: in.kind}
	for i := range out.dims {
		before, behind := pads[i], pads[i+len(in.dims)]
		if out.dims[i] += before + behind; out.dims[i] < 1 || max(before, behind) > maxWindow {
			return nil, fmt.Errorf("it pads %v by %v", in.dims, pads)
		}
	}
	return one(out, nil)
}

func reduce(o operation) ([]value, error) {
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
		if err != nil {
			return nil, err
		}
		drop[at] = true
	}
	out := value{kind: in.kind}
	for i, d := range in.dims {
		switch {
		case named && !drop[i]:
			out.dims = append(out.dims, d)
		case o.setting("keepdims", 1) != 0:
			out.dims = append(out.dims, 1)
		}
	}
	return one(out, nil)
}

func matMul(o operation) ([]value, error) {
	if !o.has(0) || !o.has(1) || len(o.in[0].dims) < 2 || len(o.in[1].dims) < 2 {
		return nil, errors.New("want two matrices")
	}
	a, b := o.in[0].dims, o.in[1].dims
	n, m := len(a), len(b)
	if a[n-1] != b[m-2] {
		return nil, fmt.Errorf("it multiplies %v by %v", a, b)
	}
	dims, err := broadcast(a[:n-2], b[:m-2])
	if err != nil {
		return nil, err
	}
	return o.worked(value{dims: append(dims, a[n-2], b[m-1]), kind: o.in[0].kind}, int64(a[n-1]))
}

func gemm(o operation) ([]value, error) {
	if !o.has(0) || !o.has(1) || len(o.in[0].dims) != 2 || len(o.in[1].dims) != 2 {
		return nil, errors.New("want two matrices")
	}
	a, b := slices.Clone(o.in[0].dims), slices.Clone(o.in[1].dims)
	if o.setting("transA", 0) != 0 {
		slices.Reverse(a)
	}
	if o.setting("transB", 0) != 0 {
		slices.Reverse(b)
	}
	if a[1] != b[0] {
		return nil, fmt.Errorf("it multiplies %v by %v", a, b)
	}
	return o.worked(value{dims: []int{a[0], b[1]}, kind: o.in[0].kind}, int64(a[1]))
}
