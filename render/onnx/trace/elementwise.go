package trace

import (
	"maps"
	"math"

	"darkroom/render/onnx/graph"
)

// rules says for each operation what it makes, and inPlace which may write over what they read. What is in no table is
// not run.
var rules, inPlace = join()

func join() (rules map[string]rule, inPlace map[string]bool) {
	rules, inPlace = map[string]rule{}, map[string]bool{}
	for _, op := range pointwise {
		rules[op], inPlace[op] = keepShape, true
	}
	for op, compute := range counted {
		rules[op], inPlace[op] = count(compute), true
	}
	for op, compute := range binary {
		rules[op], inPlace[op] = combine(compute), true
	}
	for _, op := range []string{"Reshape", "Flatten", "Squeeze", "Unsqueeze"} {
		inPlace[op] = true
	}
	maps.Copy(rules, shapeRules)
	maps.Copy(rules, spatialRules)
	return rules, inPlace
}

// pointwise are the operations that look at each number alone, or keep the shape of their first input otherwise.
var pointwise = []string{
	"Abs", "BatchNormalization", "Celu", "Clip", "Cos", "Dropout", "Elu", "Erf", "Exp", "Gelu", "GroupNormalization",
	"HardSigmoid", "HardSwish", "InstanceNormalization", "LayerNormalization", "LeakyRelu", "Log", "LogSoftmax", "Mish",
	"Not", "PRelu", "QuickGelu", "Reciprocal", "Relu", "Selu", "Sigmoid", "Sign", "Sin", "Softmax", "Softplus", "Softsign",
	"Tanh", "ThresholdedRelu",
}

// counted are pointwise operations whose numbers shapes are computed from.
var counted = map[string]func(float64) float64{
	"Cast": nil, "Ceil": math.Ceil, "Floor": math.Floor, "Identity": func(x float64) float64 { return x },
	"Neg": func(x float64) float64 { return -x }, "Round": math.RoundToEven, "Sqrt": math.Sqrt,
}

// binary are the operations of two values. Those that shapes are computed with say how.
var binary = map[string]func(a, b float64) float64{
	"Add": func(a, b float64) float64 { return a + b }, "Sub": func(a, b float64) float64 { return a - b },
	"Mul": func(a, b float64) float64 { return a * b }, "Div": func(a, b float64) float64 { return a / b },
	"Mod": math.Mod, "Max": math.Max, "Min": math.Min, "Pow": math.Pow, "And": nil, "Or": nil, "Equal": nil,
	"Greater": nil, "GreaterOrEqual": nil, "Less": nil, "LessOrEqual": nil,
}

// keepShape is a rule of pointwise operations. Some have further outputs, for training or as masks.
func keepShape(o operation) ([]value, error) {
	in, err := o.first()
	in.numbers = nil
	all := make([]value, len(o.Out))
	for i := range all {
		all[i] = in
	}
	return all, err
}

// count is a rule that computes numbers; compute is nil for a cast.
func count(compute func(float64) float64) rule {
	return func(o operation) ([]value, error) {
		in, err := o.first()
		out := value{dims: in.dims, kind: in.kind}
		if compute == nil {
			out.kind = graph.Type(o.setting("to", int(graph.Float)))
		}
		for _, x := range in.numbers {
			switch {
			case compute != nil:
				x = compute(x)
			case isInteger(out.kind):
				x = math.Trunc(x)
			}
			out.numbers = append(out.numbers, x)
		}
		return one(out, err)
	}
}

func isInteger(kind graph.Type) bool { return kind == graph.Int64 || kind == graph.Int32 }

// combine is a rule of two values, or of several one after the other.
func combine(compute func(a, b float64) float64) rule {
	return func(o operation) ([]value, error) {
		out, err := o.first()
		for _, next := range o.in[min(1, len(o.in)):] {
			if err == nil {
				out, err = combineTwo(out, next, compute)
			}
		}
		return one(out, err)
	}
}

func combineTwo(a, b value, compute func(a, b float64) float64) (value, error) {
	dims, err := broadcast(a.dims, b.dims)
	out := value{dims: dims, kind: a.kind}
	if err != nil || compute == nil || a.numbers == nil || b.numbers == nil {
		return out, err
	}
	n, _ := out.count()
	if len(dims) > 1 || n > maxKnown {
		return out, nil
	}
	for i := range int(n) {
		x := compute(a.numbers[i%len(a.numbers)], b.numbers[i%len(b.numbers)])
		if isInteger(out.kind) {
			x = math.Trunc(x)
		}
		out.numbers = append(out.numbers, x)
	}
	return out, nil
}

// maxKnown is how many numbers of a value are followed.
const maxKnown = 64
