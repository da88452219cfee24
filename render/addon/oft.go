package addon

import (
	"math"

	"darkroom/render/weightname"
)

// oftTurn rotates blocks of a weight's rows (https://arxiv.org/abs/2306.07280): R = (I+Q)(I−Q)⁻¹ of the skew Q = B −
// Bᵀ, whose length alpha·out bounds, and Rᵀ·W, with rows rescaled where the file says so. oft_blocks is [blocks,
// size, size], whatever a tool calls its number and size; alpha is the constraint and no scale
// (lycoris/modules/diag_oft.py, kohya's networks/oft.py).
func oftTurn(f fields, w values, _ peftSettings) ([]float32, error) {
	blocks := f["oft_blocks"]
	size := blocks.dim(1)
	if len(blocks.shape) != 3 || blocks.dim(2) != size || blocks.dim(0)*size != w.dim(0) {
		return nil, errShape
	}
	skew := constrained(blocks, f, float64(w.dim(0)))
	out := make([]float32, len(w.data))
	for k := range blocks.dim(0) {
		r, err := cayley(skew[k*size*size:(k+1)*size*size], size)
		if err != nil {
			return nil, err
		}
		rotateRows(out, w.data, r, k*size, size, w.tail())
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

// constrained is B − Bᵀ of all blocks together, no longer than alpha·out.
func constrained(blocks values, f fields, out float64) []float64 {
	size := blocks.dim(1)
	skew := make([]float64, len(blocks.data))
	length := 0.0
	for i := range skew {
		block, row, column := i/(size*size), i/size%size, i%size
		skew[i] = float64(blocks.data[i]) - float64(blocks.data[block*size*size+column*size+row])
		length += skew[i] * skew[i]
	}
	length = math.Sqrt(length) + 1e-8
	if alpha, ok := f.number(weightname.Alpha); ok && alpha > 0 && length > alpha*out {
		for i := range skew {
			skew[i] *= alpha * out / length
		}
	}
	return skew
}

// rotateRows writes the rows of one block: out[m] = Σₙ r[n, m]·w[n].
func rotateRows(out, w []float32, r []float64, first, size, width int) {
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

// peftOFTTurn rotates blocks of a weight's columns, of all its inputs and, in a convolution, their kernels: W·Rᵀ
// (peft/tuners/oft/layer.py). oft_R is [blocks, n], the n = size·(size−1)/2 numbers above the diagonal of each skew Q;
// one block stands for all where it is smaller than the row.
func peftOFTTurn(f fields, w values, s peftSettings) ([]float32, error) {
	upper := f["oft_R"]
	size, blocks := blockSize(upper.tail()), upper.dim(0)
	if len(w.shape) < 2 || len(upper.shape) != 2 || size*(size-1)/2 != upper.tail() || w.tail()%size != 0 ||
		blocks != 1 && blocks*size != w.tail() {
		return nil, errShape
	}
	out := make([]float32, len(w.data))
	var r []float64
	for k := range w.tail() / size {
		if k < blocks {
			var err error
			q := skewOf(upper.data[k*upper.tail():(k+1)*upper.tail()], size)
			s.constrain(q, blocks)
			if r, err = s.rotation(q, size); err != nil {
				return nil, err
			}
		}
		rotateColumns(out, w, r, k*size, size)
	}
	return out, nil
}

// blockSize is the side of a matrix that has so many numbers above its diagonal.
func blockSize(above int) int { return int(math.Round((1 + math.Sqrt(1+8*float64(above))) / 2)) }

// skewOf is the skew matrix of the numbers above its diagonal, row by row.
func skewOf(upper []float32, size int) []float64 {
	q := make([]float64, size*size)
	at := 0
	for i := range size {
		for j := i + 1; j < size; j++ {
			q[i*size+j], q[j*size+i] = float64(upper[at]), -float64(upper[at])
			at++
		}
	}
	return q
}

// rotateColumns writes the columns of one block: out[·, i] = Σⱼ r[i, j]·w[·, j].
func rotateColumns(out []float32, w values, r []float64, first, size int) {
	for row := range w.dim(0) {
		at := row*w.tail() + first
		for i := range size {
			sum := 0.0
			for j := range size {
				sum += r[i*size+j] * float64(w.data[at+j])
			}
			out[at+i] = float32(sum)
		}
	}
}

// What PEFT takes where its settings do not say otherwise (peft/tuners/oft/config.py).
const (
	neumannTerms = 5
	coftEpsilon  = 6e-5
)

// maxNeumannTerms bounds what a file asks for: the series of a short Q has long ended.
const maxNeumannTerms = 64

// constrain bounds the length of a skew block, in the variant that PEFT calls COFT.
func (s peftSettings) constrain(q []float64, blocks int) {
	if !s.COFT {
		return
	}
	most, length := coftEpsilon, 0.0
	if s.Epsilon != nil {
		most = *s.Epsilon
	}
	most /= math.Sqrt(float64(blocks))
	for _, x := range q {
		length += x * x
	}
	if length = math.Sqrt(length); length > most {
		for i := range q {
			q[i] *= most / length
		}
	}
}

// rotation is the first terms of the Neumann series of (I+Q)(I−Q)⁻¹, as PEFT takes them: I + 2Q + 2Q² + … + Qⁿ⁻¹, of
// which there is no n = 3. Without the series it is (I−Q)(I+Q)⁻¹.
func (s peftSettings) rotation(q []float64, n int) ([]float64, error) {
	if s.CayleyNeumann != nil && !*s.CayleyNeumann {
		turned := make([]float64, len(q))
		for i, x := range q {
			turned[i] = -x
		}
		return cayley(turned, n)
	}
	terms := neumannTerms
	if s.NeumannTerms > 0 {
		terms = min(s.NeumannTerms, maxNeumannTerms)
	}
	if terms == 3 {
		terms = 4
	}
	r := make([]float64, n*n)
	for i := range n {
		r[i*n+i] = 1
	}
	power := q
	for k := 1; k < terms; k++ {
		weight := 2.0
		if k > 1 {
			power = multiply(power, q, n)
		}
		if k > 2 && k == terms-1 {
			weight = 1
		}
		for i, x := range power {
			r[i] += weight * x
		}
	}
	return r, nil
}
