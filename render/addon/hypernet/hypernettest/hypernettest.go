// Package hypernettest computes hypernetworks in plain Go, number by number: the reference that tests hold graphs to,
// and that is held to A1111's own results itself.
package hypernettest

import (
	"fmt"
	"math"

	"darkroom/render/addon/hypernet"
	"darkroom/render/tensor"
)

// Activations are the functions of hypernet.Activations, as torch computes them with its default settings. "swish" is
// Hardswish, as in A1111.
func Activations() map[string]func(float64) float64 {
	return map[string]func(float64) float64{
		"linear": func(x float64) float64 { return x },
		"relu":   func(x float64) float64 { return max(x, 0) },
		"relu6":  func(x float64) float64 { return min(max(x, 0), 6) },
		"leakyrelu": func(x float64) float64 {
			return leaky(x, 0.01)
		},
		"rrelu": func(x float64) float64 { return leaky(x, (1.0/8+1.0/3)/2) }, // the mean of its random slopes
		"elu":   elu,
		"celu":  elu,
		"selu": func(x float64) float64 { // https://arxiv.org/abs/1706.02515
			const alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
			if x > 0 {
				return scale * x
			}
			return scale * alpha * math.Expm1(x)
		},
		"gelu":        func(x float64) float64 { return 0.5 * x * (1 + math.Erf(x/math.Sqrt2)) },
		"silu":        func(x float64) float64 { return x * sigmoid(x) },
		"swish":       hardSwish,
		"hardswish":   hardSwish,
		"hardsigmoid": hardSigmoid,
		"hardtanh":    func(x float64) float64 { return min(max(x, -1), 1) },
		"hardshrink": func(x float64) float64 {
			if math.Abs(x) > 0.5 {
				return x
			}
			return 0
		},
		"softshrink": func(x float64) float64 { return math.Copysign(max(math.Abs(x)-0.5, 0), x) },
		"tanhshrink": func(x float64) float64 { return x - math.Tanh(x) },
		"softplus":   softplus,
		"softsign":   func(x float64) float64 { return x / (1 + math.Abs(x)) },
		"sigmoid":    sigmoid,
		"logsigmoid": func(x float64) float64 { return -softplus(-x) },
		"tanh":       math.Tanh,
		"mish":       func(x float64) float64 { return x * math.Tanh(softplus(x)) },
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func leaky(x, slope float64) float64 { return max(x, 0) + slope*min(x, 0) }

func elu(x float64) float64 { return max(x, 0) + math.Expm1(min(x, 0)) }

func hardSigmoid(x float64) float64 { return min(max(x+3, 0), 6) / 6 }

func hardSwish(x float64) float64 { return x * hardSigmoid(x) }

// Apply returns x + strength·layers(x) of rows x [n, width].
func Apply(m hypernet.Module, x tensor.Tensor, strength float64) (tensor.Tensor, error) {
	if len(x.Shape) != 2 || x.Check() != nil {
		return tensor.Tensor{}, fmt.Errorf("x has the shape %v, want [n, width]", x.Shape)
	}
	out := x.Clone()
	for i := range x.Shape[0] {
		row := make([]float64, x.Shape[1])
		for j := range row {
			row[j] = float64(x.Data[i*len(row)+j])
		}
		for _, layer := range m {
			var err error
			if row, err = apply(layer, row); err != nil {
				return tensor.Tensor{}, err
			}
		}
		if len(row) != x.Shape[1] {
			return tensor.Tensor{}, fmt.Errorf("the layers give %d numbers, want %d", len(row), x.Shape[1])
		}
		for j, y := range row {
			out.Data[i*len(row)+j] = float32(float64(x.Data[i*len(row)+j]) + strength*y)
		}
	}
	return out, nil
}

func apply(l hypernet.Layer, x []float64) ([]float64, error) {
	switch {
	case l.Linear != nil:
		return linear(l.Linear, x)
	case l.Norm != nil:
		return normalize(l.Norm, x)
	}
	f := Activations()[l.Activation]
	if f == nil {
		return nil, fmt.Errorf("the activation %.40q is not supported", l.Activation)
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = f(v)
	}
	return out, nil
}

func linear(a *hypernet.Affine, x []float64) ([]float64, error) {
	if len(a.Weight.Shape) != 2 || a.Weight.Shape[1] != len(x) {
		return nil, fmt.Errorf("a weight of shape %v for %d numbers", a.Weight.Shape, len(x))
	}
	out := make([]float64, a.Weight.Shape[0])
	for i := range out {
		sum := float64(a.Bias.Data[i])
		for j, v := range x {
			sum += v * float64(a.Weight.Data[i*len(x)+j])
		}
		out[i] = sum
	}
	return out, nil
}

func normalize(a *hypernet.Affine, x []float64) ([]float64, error) {
	if len(a.Weight.Data) != len(x) {
		return nil, fmt.Errorf("a norm of width %d for %d numbers", len(a.Weight.Data), len(x))
	}
	const epsilon = 1e-5
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = (v-mean)/math.Sqrt(variance+epsilon)*float64(a.Weight.Data[i]) + float64(a.Bias.Data[i])
	}
	return out, nil
}
