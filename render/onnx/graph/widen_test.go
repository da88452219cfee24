package graph_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

// float16Model is a network in float16 with long and short weights, a cast, and a loop.
func float16Model() onnxtest.Model {
	m := model()
	m.Weights[0].Type = graph.Float16
	m.Weights = append(
		m.Weights,
		onnxtest.Weight{Name: "short", Type: graph.Float16, Dims: []int{3}, Values: []float64{0x3c00, 0xc100, 0x7bff}},
		onnxtest.Weight{Name: "trips", Type: graph.Int64, Values: []float64{2}},
	)
	m.Nodes = append(
		m.Nodes,
		onnxtest.Node{
			Op: "Cast", In: []string{"trips"}, Out: []string{"z"}, Ints: map[string]int64{"to": int64(graph.Float16)},
		},
		onnxtest.Node{Op: "Loop", In: []string{"trips", "", "y"}, Out: []string{"looped"}, Body: &onnxtest.Model{
			Nodes: []onnxtest.Node{
				{Op: "Identity", In: []string{"going"}, Out: []string{"on"}},
				{Op: "Neg", In: []string{"x1"}, Out: []string{"x2"}},
			},
			Inputs: []graph.Value{
				{Name: "i", Type: graph.Int64}, {Name: "going", Type: 9}, {Name: "x1", Type: graph.Float16, Dims: []int{0, 2000}},
			},
			Outputs: []graph.Value{{Name: "on", Type: 9}, {Name: "x2", Type: graph.Float16, Dims: []int{0, 2000}}},
		}},
	)
	m.Outputs = []graph.Value{
		{Name: "looped", Type: graph.Float16, Dims: []int{0, 2000}}, {Name: "trips", Type: graph.Int64},
	}
	return m
}

// countFloat16 counts the fields of a ValueInfoProto's tensor or a TensorProto whose element type is float16, and casts
// to it.
func countFloat16(model []byte) int {
	return bytes.Count(
		model, []byte{0x08, 10, 0x12},
	) + bytes.Count(
		model, []byte{0x10, 10},
	) + bytes.Count(
		model, []byte("\x0a\x02to\x18\x0a"),
	)
}

func TestWiden(t *testing.T) {
	t.Parallel()
	for _, old := range []bool{false, true} {
		m := float16Model()
		m.WeightsAsInputs = old
		data := m.Encode()
		wide, err := graph.Widen(data)
		if err != nil {
			t.Fatal(err)
		}
		h, err := readBytes(t, wide)
		const want = "[x float32 [?,2000]] [looped float32 [?,2000] trips int64 []]"
		if got := fmt.Sprint(h.Inputs, h.Outputs); err != nil || got != want {
			t.Errorf("weights as inputs %v: got %s, %v, want %s", old, got, err, want)
		}
		if got := countFloat16(wide); got != 1 || countFloat16(data) < 5 {
			t.Errorf(
				"weights as inputs %v: float16 is named %d times where it was %d, want it once, of the long weight", old, got,
				countFloat16(data),
			)
		}
		if !bytes.Contains(wide, []byte{0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 0, 0xe0, 0x7f, 0x47}) {
			t.Error("the short weight is not 1, -2.5 and 65504 in float32")
		}
	}
}

func TestWidenLeavesFloat32Alone(t *testing.T) {
	t.Parallel()
	m := model()
	m.Inputs[0].Type = graph.Float
	strange := append(m.Encode(), functionProto...)
	if wide, err := graph.Widen(strange); err != nil || !bytes.Equal(wide, strange) {
		t.Errorf("a network of float32 with something strange in it: changed, or %v, want it as it is", err)
	}
}

// The demo model computes in float32 with weights of float16, each cast where its file has a cast.
func TestWidenLeavesFloat16WeightsAlone(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../demo/postcards/*/model.onnx")
	if err != nil || len(paths) < 4 {
		t.Fatalf("got networks %q, %v", paths, err)
	}
	for _, path := range paths {
		s, err := graph.ReadSkeleton(path)
		if err != nil {
			t.Fatal(err)
		}
		if wide, err := graph.Widen(s.Model); err != nil || !bytes.Equal(wide, s.Model) {
			t.Errorf("%s: changed, or %v, want it as it is", path, err)
		}
	}
}

// functionProto is an empty ModelProto.functions = 25.
var functionProto = []byte{25<<3&0x7f | 2 | 0x80, 1, 0}

func TestWidenRefuses(t *testing.T) {
	t.Parallel()
	typed := float16Model()
	typed.Nodes[0].Op = "BitCast"
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"a function":           {append(float16Model().Encode(), functionProto...), "has a function of its own"},
		"an unknown operation": {typed.Encode(), "has an operation BitCast"},
		"no model":             {[]byte("no model"), "widen: not an ONNX model"},
	} {
		if _, err := graph.Widen(c.data); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.says)
		}
	}
}

// Optimum's own exports of each family are understood, and no float16 is left but in weights.
func TestWidenOptimum(t *testing.T) {
	t.Parallel()
	for _, name := range goldentest.Names(t) {
		paths, err := filepath.Glob(filepath.Join(goldentest.Model(t, name), "*", "model.onnx"))
		if err != nil || len(paths) < 4 {
			t.Fatalf("got networks %q, %v", paths, err)
		}
		for _, path := range paths {
			s, err := graph.ReadSkeleton(path)
			if err != nil {
				t.Fatal(err)
			}
			wide, err := graph.Widen(s.Model)
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			if half := strings.HasSuffix(name, "-fp16"); half == bytes.Equal(wide, s.Model) {
				t.Errorf("%s: widened %v, want %v", path, !half, half)
			}
			if bytes.Contains(wide, []byte("\x0a\x02to\x18\x0a")) {
				t.Errorf("%s: something is still cast to float16", path)
			}
		}
	}
}
