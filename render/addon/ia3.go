package addon

import "slices"

// peftIA3 is PEFT's field of an IA³: what it multiplies a weight by.
const peftIA3 = "ia3_l"

// ia3Turn is W∘(1+w), w along the inputs or the outputs (https://arxiv.org/abs/2205.05638, in LyCORIS's form).
func ia3Turn(f fields, w values, _ peftSettings) ([]float32, error) {
	scales := slices.Clone(f["weight"].data)
	for i := range scales {
		scales[i]++
	}
	onInput, ok := f.number("on_input")
	if !ok {
		return nil, errShape
	}
	return scaled(w, scales, onInput != 0)
}

// peftIA3Turn is W∘l along the inputs or the outputs (peft/tuners/ia3/layer.py).
func peftIA3Turn(f fields, w values, s peftSettings) ([]float32, error) {
	l := f[peftIA3]
	if len(l.shape) < 2 || len(w.shape) < 2 {
		return nil, errShape
	}
	return scaled(w, l.data, s.scalesInputs(l.shape, w.shape))
}

// scalesInputs says along which side an IA³ of PEFT's multiplies a weight of a shape: of linear layers l is [1, in] or
// [out, 1]. Of convolutions it is [1, n, 1, 1] for either side; where both are as wide, the settings tell.
func (s peftSettings) scalesInputs(l, w []int) bool {
	switch {
	case len(l) == 2:
		return l[0] == 1 && l[1] == w[1]
	case l[1] != w[0] || l[1] != w[1]:
		return l[1] == w[1]
	}
	return s.feedsForward
}

// scaled multiplies a weight along its inputs or its outputs.
func scaled(w values, scales []float32, onInput bool) ([]float32, error) {
	count := w.dim(0)
	if onInput {
		count = w.dim(1)
	}
	if len(w.shape) < 2 || len(scales) != count {
		return nil, errShape
	}
	kernel := w.tail() / w.dim(1)
	out := make([]float32, len(w.data))
	for i, x := range w.data {
		at := i / w.tail()
		if onInput {
			at = i / kernel % w.dim(1)
		}
		out[i] = x * scales[at]
	}
	return out, nil
}
