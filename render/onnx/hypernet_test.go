package onnx_test

import (
	"math"
	"testing"

	ort "github.com/yalue/onnxruntime_go"
	"google.golang.org/protobuf/encoding/protowire"

	"darkroom/render/addon/hypernet"
	"darkroom/render/addon/hypernet/hypernettest"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// TestHypernetsMatchTheirReference runs a module with every activation beside the exact computation in Go.
func TestHypernetsMatchTheirReference(t *testing.T) {
	runtimeOrSkip(t)
	const width = 6
	for _, activation := range hypernet.Activations() {
		module := hypernet.Module{
			{Linear: affine(1, 2*width, width)}, {Activation: activation}, {Norm: affine(2, 2*width, 0)},
			{Linear: affine(3, width, 2*width)},
		}
		shape := graph.HypernetShape{width: {layersOf(module), layersOf(module)}}
		x := wave(4, 5, width)
		x.Shape = []int{5, width}
		for _, strength := range []float64{0, 0.7} {
			want, err := hypernettest.Apply(module, x, strength)
			if err != nil {
				t.Fatal(err)
			}
			got := runHypernet(t, shape, module, x, float32(strength))
			for i := range want.Data {
				if math.Abs(float64(got.Data[i]-want.Data[i])) > 2e-6 {
					t.Fatalf("%s at strength %v: value %d is %v, want %v", activation, strength, i, got.Data[i], want.Data[i])
				}
			}
		}
	}
}

// affine makes a weight [out, in], or of a norm [out], and a bias.
func affine(seed, out, in int) *hypernet.Affine {
	w, b := wave(seed, out, max(in, 1)), wave(seed+10, out, 1)
	if b.Shape = []int{out}; in == 0 {
		w.Shape = []int{out}
	}
	return &hypernet.Affine{Weight: w, Bias: b}
}

// wave makes numbers that vary in sign and size.
func wave(seed, rows, columns int) tensor.Tensor {
	t := tensor.New(rows, columns)
	for i := range t.Data {
		t.Data[i] = float32(1.5 * math.Sin(float64(seed)+1.7*float64(i)))
	}
	return t
}

func layersOf(m hypernet.Module) (all []graph.HypernetLayer) {
	for _, l := range m {
		switch {
		case l.Linear != nil:
			s := l.Linear.Weight.Shape
			all = append(all, graph.HypernetLayer{Op: graph.HypernetLinear, In: s[1], Out: s[0]})
		case l.Norm != nil:
			n := l.Norm.Weight.Shape[0]
			all = append(all, graph.HypernetLayer{Op: graph.HypernetNorm, In: n, Out: n})
		default:
			all = append(all, graph.HypernetLayer{Op: l.Activation})
		}
	}
	return all
}

// runHypernet runs a graph that is nothing but the change of the values' context.
func runHypernet(
	t *testing.T, shape graph.HypernetShape, module hypernet.Module, x tensor.Tensor, strength float32,
) tensor.Tensor {
	t.Helper()
	h, err := graph.NewHypernets([]graph.HypernetShape{shape}, graph.Float)
	if err != nil {
		t.Fatal(err)
	}
	y := h.Change("x", "attn.to_v", x.Shape[1])
	if kept := h.Change("x", "attn.to_q", x.Shape[1]); kept != "x" {
		t.Errorf("queries read %s", kept)
	}
	nodes, constants := h.Take()
	out := tensor.New(x.Shape...)
	inputs, values := []string{"x"}, []ort.Value{floats(t, x)}
	declared := []graph.Value{{Name: "x", Type: graph.Float, Dims: []int{0, x.Shape[1]}}}
	for _, in := range h.Inputs {
		if in.Width != 0 && in.Module != 1 {
			continue // of the keys, which nothing reads here
		}
		inputs, declared = append(inputs, in.Name), append(declared, in.Value)
		values = append(values, floats(t, numbersOf(in, module, strength)))
	}
	written := model(nodes, constants, declared, y)
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(written, inputs, []string{y}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Destroy()
	result := floats(t, out)
	if err := session.Run(values, []ort.Value{result}); err != nil {
		t.Fatal(err)
	}
	return out
}

func numbersOf(in graph.HypernetInput, module hypernet.Module, strength float32) tensor.Tensor {
	if in.Width == 0 {
		return tensor.Tensor{Shape: []int{1}, Data: []float32{strength}}
	}
	l := module[in.Layer]
	of := l.Linear
	if of == nil {
		of = l.Norm
	}
	switch {
	case in.Bias:
		return of.Bias
	case l.Norm != nil:
		return of.Weight
	}
	rows, columns := of.Weight.Shape[0], of.Weight.Shape[1]
	turned := tensor.New(columns, rows)
	for i := range rows {
		for j := range columns {
			turned.Data[j*rows+i] = of.Weight.Data[i*columns+j]
		}
	}
	return turned
}

func floats(t *testing.T, x tensor.Tensor) ort.Value {
	t.Helper()
	var dims []int64
	for _, d := range x.Shape {
		dims = append(dims, int64(d))
	}
	v, err := ort.NewTensor(ort.NewShape(dims...), x.Data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Destroy() })
	return v
}

// model writes a ModelProto: ir_version = 1, graph = 7, opset_import = 8; in GraphProto node = 1, name = 2,
// initializer = 5, input = 11, output = 12.
func model(nodes, constants []byte, inputs []graph.Value, output string) []byte {
	field := func(b []byte, number protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), content)
	}
	number := func(b []byte, n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
	}
	g := append(field(nodes, 2, []byte("test")), constants...)
	for _, v := range inputs {
		g = field(g, 11, graph.EncodeValue(v))
	}
	g = field(g, 12, graph.EncodeValue(graph.Value{Name: output, Type: graph.Float, Dims: inputs[0].Dims}))
	return field(field(number(nil, 1, 9), 7, g), 8, number(nil, 2, 17))
}
