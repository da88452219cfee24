package onnx

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

// TestWhatTheRuntimeRefusesStaysInFloat16 has a network in which the name that a widened weight would get is taken.
func TestWhatTheRuntimeRefusesStaysInFloat16(t *testing.T) {
	t.Parallel()
	demoModel(t) // opens the runtime
	ones := slices.Repeat([]float64{0x3c00}, 1000)
	x, y := graph.Value{Name: "x", Type: graph.Float16, Dims: []int{0, 1000}}, graph.Value{Name: "y", Type: graph.Float16, Dims: []int{0, 1000}}
	m := onnxtest.Model{
		Weights: []onnxtest.Weight{{Name: "w", Type: graph.Float16, Dims: []int{1000}, Values: ones},
			{Name: "darkroom.narrow.w", Type: graph.Float16, Dims: []int{1000}, Values: ones}},
		Nodes:  []onnxtest.Node{{Op: "Add", In: []string{"x", "w"}, Out: []string{"z"}}, {Op: "Add", In: []string{"z", "darkroom.narrow.w"}, Out: []string{"y"}}},
		Inputs: []graph.Value{x}, Outputs: []graph.Value{y},
	}
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, m.Encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := newSession(network{path: path, inputs: []graph.Value{x}, outputs: []graph.Value{y}}, Device{Kind: CPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	in, err := s.feed(x, tensor.New(1, 1000))
	out := tensor.New(1, 1000)
	if err := s.call1(t.Context(), y, out, err, in); err != nil || out.Data[999] != 2 {
		t.Errorf("got %v, %v, want 2", out.Data[999], err)
	}
	if s.wide || s.doubt == nil {
		t.Errorf("in float32 %v, doubt %v, want float16 and the runtime's reason", s.wide, s.doubt)
	}
}
