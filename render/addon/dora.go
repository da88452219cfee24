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
