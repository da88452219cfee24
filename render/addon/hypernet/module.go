package hypernet

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"darkroom/render/tensor"
)

// module puts the layers of a module together, counted as torch's Sequential counts them: a linear layer, its
// activation, its norm, its dropout. Every tensor must have a place.
func (s settings) module(width int, state map[string]tensor.Tensor) (Module, error) {
	left := modern(state)
	var m Module
	place, last := 0, len(s.structure)-2
	for i := range last + 1 {
		in, out := int(float64(width)*s.structure[i]), int(float64(width)*s.structure[i+1])
		linear, err := left.take(place, out, in)
		if err != nil {
			return nil, err
		}
		m, place = append(m, Layer{Linear: linear}), place+1
		if s.activation != "" && s.activation != "linear" && (i < last || s.activateOutput) {
			m, place = append(m, Layer{Activation: s.activation}), place+1
		}
		if s.norm {
			norm, err := left.take(place, out)
			if err != nil {
				return nil, err
			}
			m, place = append(m, Layer{Norm: norm}), place+1
		}
		if s.dropout[i+1] > 0 {
			place++
		}
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("%d tensors have no place in a layer structure of %v", len(left), s.structure)
	}
	return m, nil
}

// unplaced are the tensors of a module that no layer has taken yet.
type unplaced map[string]tensor.Tensor

// modern names tensors as later versions do: the first ones called the two layers linear1 and linear2.
func modern(state map[string]tensor.Tensor) unplaced {
	out := unplaced{}
	for name, t := range state {
		for i, old := range []string{"linear1.", "linear2."} {
			if rest, ok := strings.CutPrefix(name, old); ok {
				name = fmt.Sprintf("linear.%d.%s", i, rest)
			}
		}
		out[name] = t
	}
	return out
}

// take takes the weight, of that shape, and the bias of a layer by its number.
func (u unplaced) take(number int, shape ...int) (*Affine, error) {
	a := &Affine{}
	for _, part := range []struct {
		name string
		into *tensor.Tensor
		want []int
	}{{"weight", &a.Weight, shape}, {"bias", &a.Bias, shape[:1]}} {
		key := fmt.Sprintf("linear.%d.%s", number, part.name)
		t, ok := u[key]
		if !ok || !slices.Equal(t.Shape, part.want) || t.Check() != nil || !finite(t) {
			return nil, fmt.Errorf("%s has the shape %v, want numbers of the shape %v", key, t.Shape, part.want)
		}
		delete(u, key)
		*part.into = t
	}
	return a, nil
}

func finite(t tensor.Tensor) bool {
	return !slices.ContainsFunc(t.Data, func(x float32) bool {
		return math.IsNaN(float64(x)) ||
			math.IsInf(float64(x), 0)
	})
}
