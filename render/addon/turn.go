package addon

import (
	"math"

	"darkroom/render/weightname"
)

// epsilon32 keeps LyCORIS's norms from being zero: float32's machine epsilon.
const epsilon32 = 1.1920929e-07

// dora returns the weight that DoRA means at strength 1: merged is W + scale·ΔW, whose rows or columns get new lengths
// (https://arxiv.org/abs/2402.09353). PEFT measures rows. LyCORIS measures either: magnitudes of the shape [1, in] or
// [1, in, 1, 1] are of columns, [out, 1] and [out] of rows.
func dora(f fields, merged values) error {
	magnitude, peft := f[weightname.Magnitude]
	if !peft {
		magnitude = f[weightname.DoRAScale]
	}
	rows, columns := merged.dim(0), merged.dim(1)
	kernel := merged.tail() / columns
	byColumn := !peft && len(magnitude.shape) > 1 && magnitude.dim(0) == 1 && len(magnitude.data) == columns
	count := rows
	if byColumn {
		count = columns
	}
	if len(magnitude.data) != count {
		return errShape
	}
	group := func(i int) int {
		if byColumn {
			return i / kernel % columns
		}
		return i / merged.tail()
	}
	norms := make([]float64, count)
	for i, x := range merged.data {
		norms[group(i)] += float64(x) * float64(x)
	}
	for i, n := range norms {
		norms[i] = float64(magnitude.data[i]) / (math.Sqrt(n) + epsilon32)
	}
	for i, x := range merged.data {
		merged.data[i] = float32(float64(x) * norms[group(i)])
	}
	return nil
}

// ia3Turn is W∘(1+w), w along the inputs or the outputs (https://arxiv.org/abs/2205.05638, in LyCORIS's form).
func ia3Turn(f fields, w values) ([]float32, error) {
	scales := f["weight"].data
	onInput, ok := f.number("on_input")
	count := w.dim(0)
	if onInput != 0 {
		count = w.dim(1)
	}
	if !ok || len(w.shape) < 2 || len(scales) != count {
		return nil, errShape
	}
	kernel := w.tail() / w.dim(1)
	out := make([]float32, len(w.data))
	for i, x := range w.data {
		at := i / w.tail()
		if onInput != 0 {
			at = i / kernel % w.dim(1)
		}
		out[i] = x * (1 + scales[at])
	}
	return out, nil
}

// oftTurn rotates blocks of a weight's rows (https://arxiv.org/abs/2306.07280): R = (I+Q)(I−Q)⁻¹ of the skew Q = B −
// Bᵀ, whose length alpha·out bounds, and Rᵀ·W, with rows rescaled where the file says so. oft_blocks is [blocks,
// size, size]; alpha is the constraint and no scale (lycoris/modules/diag_oft.py, kohya's networks/oft.py).
func oftTurn(f fields, w values) ([]float32, error) {
	blocks := f["oft_blocks"]
	size := blocks.dim(1)
	if len(blocks.shape) != 3 || blocks.dim(2) != size || blocks.dim(0)*size != w.dim(0) {
		return nil, errShape
	}
	skew := make([]float64, len(blocks.data))
	length := 0.0
	for i := range skew {
		block, row, column := i/(size*size), i/size%size, i%size
		skew[i] = float64(blocks.data[i]) - float64(blocks.data[block*size*size+column*size+row])
		length += skew[i] * skew[i]
	}
	length = math.Sqrt(length) + 1e-8
	if alpha, ok := f.number(weightname.Alpha); ok && alpha > 0 && length > alpha*float64(w.dim(0)) {
		for i := range skew {
			skew[i] *= alpha * float64(w.dim(0)) / length
		}
	}
	out := make([]float32, len(w.data))
	for k := range blocks.dim(0) {
		r, err := cayley(skew[k*size*size:(k+1)*size*size], size)
		if err != nil {
			return nil, err
		}
		rotate(out, w.data, r, k*size, size, w.tail())
	}
	if rescale, ok := f["rescale"]; ok {
		if len(rescale.data) != w.dim(0) {
			return nil, errShape
		}
		for i := range out {
			out[i] *= rescale.data[i/w.tail()]
		}
	}
	return out, nil
}

// rotate writes the rows of one block: out[m] = Σₙ r[n, m]·w[n].
func rotate(out, w []float32, r []float64, first, size, width int) {
	for m := range size {
		for c := range width {
			sum := 0.0
			for n := range size {
				sum += r[n*size+m] * float64(w[(first+n)*width+c])
			}
			out[(first+m)*width+c] = float32(sum)
		}
	}
}

// cayley is (I+Q)(I−Q)⁻¹ of a skew matrix Q [n, n]. I−Q of a skew Q can always be inverted.
func cayley(q []float64, n int) ([]float64, error) {
	// X(I−Q) = I+Q, transposed: (I−Q)ᵀXᵀ = (I+Q)ᵀ. For a skew Q that is (I+Q)Xᵀ = I−Q.
	a, b := make([]float64, n*n), make([]float64, n*n)
	for i := range n {
		for j := range n {
			a[i*n+j], b[i*n+j] = q[i*n+j], -q[i*n+j]
		}
		a[i*n+i]++
		b[i*n+i]++
	}
	if err := solve(a, b, n); err != nil {
		return nil, err
	}
	out := make([]float64, n*n)
	for i := range n {
		for j := range n {
			out[j*n+i] = b[i*n+j]
		}
	}
	return out, nil
}

// solve makes b the solution X of a·X = b, by Gauss and Jordan with pivots. It overwrites a.
func solve(a, b []float64, n int) error {
	for c := range n {
		pivot := c
		for i := c + 1; i < n; i++ {
			if math.Abs(a[i*n+c]) > math.Abs(a[pivot*n+c]) {
				pivot = i
			}
		}
		if a[pivot*n+c] == 0 {
			return errShape
		}
		for _, m := range [][]float64{a, b} {
			for j := range n {
				m[c*n+j], m[pivot*n+j] = m[pivot*n+j], m[c*n+j]
			}
		}
		divide(a[c*n:(c+1)*n], b[c*n:(c+1)*n], a[c*n+c])
		for i := range n {
			if factor := a[i*n+c]; i != c && factor != 0 {
				subtract(a[i*n:(i+1)*n], a[c*n:(c+1)*n], factor)
				subtract(b[i*n:(i+1)*n], b[c*n:(c+1)*n], factor)
			}
		}
	}
	return nil
}

func divide(a, b []float64, by float64) {
	for j := range a {
		a[j] /= by
		b[j] /= by
	}
}

func subtract(from, row []float64, factor float64) {
	for j, x := range row {
		from[j] -= factor * x
	}
}
