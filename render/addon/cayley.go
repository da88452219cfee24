package addon

import "math"

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

// multiply is a·b of matrices [n, n].
func multiply(a, b []float64, n int) []float64 {
	out := make([]float64, n*n)
	for i := range n {
		for k := range n {
			x := a[i*n+k]
			for j := range n {
				out[i*n+j] += x * b[k*n+j]
			}
		}
	}
	return out
}
