package addon

import (
	"errors"
	"fmt"
	"slices"

	"darkroom/render/weightname"
)

// errShape says that tensors of a module do not fit each other or the weight. The caller names module and add-on.
var errShape = errors.New("the shapes do not fit")

// product is a·b of a [n, k] and b [k, m].
func product(a, b []float32, n, k, m int) ([]float32, error) {
	if n < 1 || k < 1 || m < 1 || n > maxValues/m || len(a) != n*k || len(b) != k*m {
		return nil, errShape
	}
	out := make([]float32, n*m)
	for i := range n {
		row, x := out[i*m:(i+1)*m], a[i*k:(i+1)*k]
		j := 0
		for ; j+4 <= k; j += 4 { // four rows of b at a time: half as long as one at a time
			b0, b1, b2, b3 := b[j*m:][:m], b[(j+1)*m:][:m], b[(j+2)*m:][:m], b[(j+3)*m:][:m]
			x0, x1, x2, x3 := x[j], x[j+1], x[j+2], x[j+3]
			for c := range row {
				row[c] += x0*b0[c] + x1*b1[c] + x2*b2[c] + x3*b3[c]
			}
		}
		for ; j < k; j++ {
			for c, y := range b[j*m : (j+1)*m] {
				row[c] += x[j] * y
			}
		}
	}
	return out, nil
}

// matrices multiplies two tensors as matrices: all axes of b behind its first one are its columns.
func matrices(a, b values) ([]float32, error) {
	return product(a.data, b.data, a.dim(0), a.tail(), b.tail())
}

// transpose swaps the axes of a matrix [n, m].
func transpose(a []float32, n, m int) []float32 {
	out := make([]float32, len(a))
	for i := range n {
		for j := range m {
			out[j*n+i] = a[i*m+j]
		}
	}
	return out
}

// loraDelta is up·down, or with a middle Σ mid[n,m,…]·up[i,n]·down[m,j], LyCORIS's Tucker form (tucker_weight_from_conv
// in lycoris/functional/general.py).
func loraDelta(f fields, _ []int) (values, error) {
	up, down := f[weightname.Up], f[weightname.Down]
	mid, ok := f[weightname.Mid]
	if !ok {
		w, err := matrices(up, down)
		return values{append([]int{up.dim(0)}, down.inner()...), w}, err
	}
	return tucker(mid, transpose(up.data, up.dim(0), up.tail()), down.data, up.dim(0), down.tail())
}

// tucker is Σ t[i,j,…]·a[i,p]·b[j,r] → [p, r, …] of the core t [I, J, …], a [I, p] and b [J, r].
func tucker(t values, a, b []float32, p, r int) (values, error) {
	if len(t.shape) < 3 || len(a) != t.dim(0)*p || len(b) != t.dim(1)*r {
		return values{}, errShape
	}
	kernel := t.tail() / t.dim(1)
	half, err := product(transpose(a, t.dim(0), p), t.data, p, t.dim(0), t.tail()) // [p, J, …]
	if err != nil || p*r*kernel > maxValues {
		return values{}, errShape
	}
	shape := append([]int{p, r}, t.shape[2:]...)
	out, columns := make([]float32, 0, p*r*kernel), transpose(b, t.dim(1), r) // [r, J]
	for i := range p {
		block, err := product(columns, half[i*t.tail():(i+1)*t.tail()], r, t.dim(1), kernel)
		if err != nil {
			return values{}, err
		}
		out = append(out, block...)
	}
	return values{shape, out}, nil
}

// lohaDelta is (w1_a·w1_b)∘(w2_a·w2_b), each factor with a Tucker core where the file has one
// (https://arxiv.org/abs/2108.06098).
func lohaDelta(f fields, shape []int) (values, error) {
	factor := func(a, b, core weightname.Field) (values, error) {
		if t, ok := f[core]; ok {
			return tucker(t, f[a].data, f[b].data, f[a].tail(), f[b].tail())
		}
		w, err := matrices(f[a], f[b])
		return values{append([]int{f[a].dim(0)}, f[b].inner()...), w}, err
	}
	w1, err := factor("hada_w1_a", "hada_w1_b", "hada_t1")
	if err != nil {
		return values{}, err
	}
	w2, err := factor("hada_w2_a", "hada_w2_b", "hada_t2")
	if err != nil || len(w1.data) != len(w2.data) {
		return values{}, errShape
	}
	for i, x := range w2.data {
		w1.data[i] *= x
	}
	if len(w1.shape) == 2 && len(w1.data) == volume(shape) { // a convolution's kernel lies in the columns
		w1.shape = slices.Clone(shape)
	}
	return w1, nil
}

// lokrRank is the rank of the factored side, 0 where both are whole: then alpha does not count.
func lokrRank(f fields) int {
	for _, b := range []weightname.Field{"lokr_w2_b", "lokr_w1_b"} {
		if v, ok := f[b]; ok {
			return v.dim(0)
		}
	}
	return 0
}

// lokrDelta is the Kronecker product w1 ⊗ w2 (https://arxiv.org/abs/2309.14859).
func lokrDelta(f fields, shape []int) (values, error) {
	w1, w2 := f["lokr_w1"], f["lokr_w2"]
	var err error
	if !f.has("lokr_w1") {
		w1.data, err = matrices(f["lokr_w1_a"], f["lokr_w1_b"])
		w1.shape = []int{f["lokr_w1_a"].dim(0), f["lokr_w1_b"].tail()}
	}
	if err == nil && !f.has("lokr_w2") {
		w2, err = lokrSecond(f, shape)
	}
	if err != nil {
		return values{}, err
	}
	if len(w1.shape) < 2 || len(w2.shape) < 2 || w1.tail() != w1.dim(1) || len(w1.data)*len(w2.data) > maxValues {
		return values{}, errShape
	}
	rows, columns, kernel := w2.dim(0), w2.dim(1), w2.tail()/w2.dim(1)
	width := w1.dim(1) * columns * kernel
	out := make([]float32, w1.dim(0)*rows*width)
	for i := range w1.dim(0) * rows {
		for c := range w1.dim(1) {
			x := w1.data[i/rows*w1.dim(1)+c]
			from := w2.data[i%rows*w2.tail() : (i%rows+1)*w2.tail()]
			for k, y := range from {
				out[i*width+c*columns*kernel+k] = x * y
			}
		}
	}
	return values{append([]int{w1.dim(0) * rows, w1.dim(1) * columns}, w2.shape[2:]...), out}, nil
}

// lokrSecond is the second factor: w2_a·w2_b, whose columns hold the kernel, or with the core t2.
func lokrSecond(f fields, shape []int) (values, error) {
	a, b := f["lokr_w2_a"], f["lokr_w2_b"]
	if t, ok := f["lokr_t2"]; ok {
		return tucker(t, a.data, b.data, a.tail(), b.tail())
	}
	w, err := matrices(a, b)
	if err != nil {
		return values{}, err
	}
	kernel := b.shape[min(2, len(b.shape)):]
	if len(b.shape) == 2 {
		kernel = shape[min(2, len(shape)):]
	}
	if b.tail()%volume(kernel) != 0 {
		return values{}, errShape
	}
	return values{append([]int{a.dim(0), b.tail() / volume(kernel)}, kernel...), w}, nil
}

// wholeDelta is a field that is the change itself.
func wholeDelta(field weightname.Field) func(fields, []int) (values, error) {
	return func(f fields, _ []int) (values, error) { return f[field], nil }
}

func volume(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// fit brings a change to a weight's shape. A linear layer and a 1×1 convolution are the same; a change of 4 input
// channels is one of the first 4 of an inpainting model's 9, as in A1111.
func fit(d values, shape []int) ([]float32, error) {
	out := max(1, shape[0])
	if len(d.data) == volume(shape) && (d.dim(0) == out || len(shape) == 1) {
		return d.data, nil
	}
	const imageChannels, inpaintChannels = 4, 9
	if len(shape) == 4 && d.dim(0) == out && d.dim(1) == imageChannels && shape[1] == inpaintChannels &&
		slices.Equal(d.shape[min(2, len(d.shape)):], shape[2:]) {
		from, to := d.tail(), volume(shape[1:])
		wide := make([]float32, out*to)
		for i := range out {
			copy(wide[i*to:], d.data[i*from:(i+1)*from])
		}
		return wide, nil
	}
	return nil, fmt.Errorf("%w: a change of %v for a weight of %v", errShape, d.shape, shape)
}
