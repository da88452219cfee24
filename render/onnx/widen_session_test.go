package onnx

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

// TestWidenedSessionDoesNotOverflow passes numbers that float16 has not, as the first VAE of SDXL does.
func TestWidenedSessionDoesNotOverflow(t *testing.T) {
	t.Parallel()
	demoModel(t) // opens the runtime
	x, y := graph.Value{
		Name: "x", Type: graph.Float16, Dims: []int{0, 4},
	}, graph.Value{
		Name: "y", Type: graph.Float16, Dims: []int{0, 4},
	}
	path := writeModel(t, onnxtest.Model{
		Weights: []onnxtest.Weight{
			{Name: "many", Type: graph.Float16, Values: []float64{0x63d0}},
			{Name: "few", Type: graph.Float16, Values: []float64{0x1400}},
		},
		Nodes: []onnxtest.Node{
			{Op: "Mul", In: []string{"x", "many"}, Out: []string{"z"}},
			{Op: "Mul", In: []string{"z", "few"}, Out: []string{"y"}},
		},
		Inputs: []graph.Value{x}, Outputs: []graph.Value{y},
	})
	for narrow, want := range map[bool]float32{false: 1e5 * 1000.0 / 1024, true: float32(math.Inf(1))} {
		s, got := runOnce(t, path, x, y, 1e5, Device{Kind: CPU, Threads: 1, KeepFloat16: narrow})
		if got != want || s.widened == narrow {
			t.Errorf("left in float16 %v: got %v, in float32 %v, want %v", narrow, got, s.widened, want)
		}
	}
}

// writeModel writes a network.
func writeModel(t *testing.T, m onnxtest.Model) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, m.Encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runOnce loads a network and gives it a row of a number; it returns the last number of the answer.
func runOnce(t *testing.T, path string, x, y graph.Value, number float32, d Device) (*session, float32) {
	t.Helper()
	s, err := newSession(folder.Network{Path: path, Inputs: []graph.Value{x}, Outputs: []graph.Value{y}}, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	row := tensor.New(1, x.Dims[1])
	for i := range row.Data {
		row.Data[i] = number
	}
	in, err := s.feed(x, row)
	out := tensor.New(1, y.Dims[1])
	if err := s.callSingle(t.Context(), y, out, err, in); err != nil {
		t.Fatal(err)
	}
	return s, out.Data[len(out.Data)-1]
}

// TestRuntimeRefusalKeepsFloat16 has a network in which the name that a widened weight would get is taken.
func TestRuntimeRefusalKeepsFloat16(t *testing.T) {
	t.Parallel()
	demoModel(t) // opens the runtime
	ones := slices.Repeat([]float64{0x3c00}, 1000)
	x, y := graph.Value{
		Name: "x", Type: graph.Float16, Dims: []int{0, 1000},
	}, graph.Value{
		Name: "y", Type: graph.Float16, Dims: []int{0, 1000},
	}
	m := onnxtest.Model{
		Weights: []onnxtest.Weight{{Name: "w", Type: graph.Float16, Dims: []int{1000}, Values: ones},
			{Name: "darkroom.narrow.w", Type: graph.Float16, Dims: []int{1000}, Values: ones}},
		Nodes: []onnxtest.Node{
			{Op: "Add", In: []string{"x", "w"}, Out: []string{"z"}},
			{Op: "Add", In: []string{"z", "darkroom.narrow.w"}, Out: []string{"y"}},
		},
		Inputs: []graph.Value{x}, Outputs: []graph.Value{y},
	}
	s, got := runOnce(t, writeModel(t, m), x, y, 1000, Device{Kind: CPU, Threads: 1})
	if got != 1002 {
		t.Errorf("got %v, want 1002", got)
	}
	if s.widened || s.warning == nil {
		t.Errorf("in float32 %v, doubt %v, want float16 and the runtime's reason", s.widened, s.warning)
	}
}

// TestWeightsAreCast adds long weights, of which old models list each as an input too.
func TestWeightsAreCast(t *testing.T) {
	t.Parallel()
	demoModel(t) // opens the runtime
	x, y := graph.Value{
		Name: "x", Type: graph.Float16, Dims: []int{0, 1000},
	}, graph.Value{
		Name: "y", Type: graph.Float16, Dims: []int{0, 1000},
	}
	for _, c := range []struct {
		old     bool
		version byte // of the format
	}{{false, 8}, {true, 8}, {true, 3}} {
		path := writeModel(t, onnxtest.Model{
			Weights: []onnxtest.Weight{
				{Name: "w", Type: graph.Float16, Dims: []int{1000}, Values: slices.Repeat([]float64{0x3c00}, 1000)},
			},
			Nodes:  []onnxtest.Node{{Op: "Add", In: []string{"x", "w"}, Out: []string{"y"}}},
			Inputs: []graph.Value{x}, Outputs: []graph.Value{y}, WeightsAsInputs: c.old,
		})
		setIRVersion(t, path, c.version)
		for _, mapped := range []bool{false, true} {
			s, got := runOnce(t, path, x, y, 1000.3, Device{Kind: CPU, Threads: 1, Mapped: mapped})
			if got != 1001.3 || !s.widened || s.warning != nil {
				t.Errorf(
					"%+v, mapped %v: got %v, in float32 %v, doubt %v, want 1001.3 in float32", c, mapped, got, s.widened, s.warning,
				)
			}
		}
	}
}

// setIRVersion rewrites a model's ir_version = 1, which onnxtest writes first.
func setIRVersion(t *testing.T, path string, version byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[1] = version
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
