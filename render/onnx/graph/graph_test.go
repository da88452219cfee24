package graph_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

func model() onnxtest.Model {
	return onnxtest.Model{
		Nodes:   []onnxtest.Node{{Op: "Add", In: []string{"x", "w"}, Out: []string{"y"}}},
		Weights: []onnxtest.Weight{{Name: "w", Type: graph.Float, Dims: []int{2000}, Values: make([]float64, 2000)}},
		Inputs:  []graph.Value{{Name: "x", Type: graph.Float16, Dims: []int{0, 2000}}},
		Outputs: []graph.Value{{Name: "y", Type: graph.Int64}},
	}
}

func readBytes(t testing.TB, data []byte) (graph.Header, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return graph.Read(path)
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, old := range []bool{false, true} {
		m := model()
		m.WeightsAsInputs = old
		h, err := readBytes(t, m.Encode())
		if got, want := fmt.Sprint(h.Inputs, h.Outputs, h.External), "[x float16 [?,2000]] [y int64 []] map[]"; err != nil ||
			got != want {
			t.Errorf("weights as inputs %v: got %s, %v, want %s", old, got, err, want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	h := graph.Header{Inputs: []graph.Value{{Name: "a"}, {Name: "b"}}, Outputs: []graph.Value{{Name: "c"}}}
	if v, ok := h.Input("z", "b", "a"); !ok || v.Name != "b" {
		t.Errorf("got %v, %v, want b: the first name that there is", v, ok)
	}
	if v, ok := h.Output("a"); ok {
		t.Errorf("got %v, want none", v)
	}
}

func TestCutShort(t *testing.T) {
	t.Parallel()
	data := model().Encode()
	path := filepath.Join(t.TempDir(), "model.onnx")
	for n := range data {
		if n > 200 && n < len(data)-200 && n%97 != 0 { // the middle is one weight
			continue
		}
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if h, err := graph.Read(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("first %d of %d bytes: got %+v, %v, want an error that names the file", n, len(data), h, err)
		}
	}
}

func TestExternal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		size       int
		says       string
	}{
		{"in full", "weights.bin", 8100, ""},
		{"one byte short", "weights.bin", 8099, "8099 bytes, want 8100"},
		{"absent", "other.bin", 0, "no such file"},
		{"outside the folder", "../weights.bin", 8100, "inside the model's folder"},
		{"an absolute path", "/etc/hostname", 8100, "inside the model's folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			m := model()
			m.Weights[0].File, m.Weights[0].Offset = c.file, 100
			if err := os.WriteFile(filepath.Join(dir, "model.onnx"), m.Encode(), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "weights.bin"), make([]byte, c.size), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := graph.Read(filepath.Join(dir, "model.onnx"))
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestWeightsOfOtherSizes(t *testing.T) {
	t.Parallel()
	short := model()
	short.Weights[0].Values = short.Weights[0].Values[:1999]
	far := short
	far.Weights = slices.Clone(short.Weights)
	far.Weights[0].File = "weights.bin"
	half := model()
	half.Weights[0].Dims = []int{10, 100}
	for name, c := range map[string]struct {
		model onnxtest.Model
		want  string
	}{
		"inside":                 {short, "weight w float32 [2000]: 7996 bytes, want 8000"},
		"in a file of its own":   {far, "weight w float32 [2000]: 7996 bytes in weights.bin, want 8000"},
		"of more than its shape": {half, "weight w float32 [10,100]: 8000 bytes, want 4000"},
	} {
		if _, err := readBytes(t, c.model.Encode()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(model().Encode())
	f.Add([]byte{0x3a, 0x02, 0x62, 0x00})
	f.Add([]byte("\x3a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readBytes(t, data)
		if err == nil && len(h.Outputs) == 0 {
			t.Errorf("got %+v without outputs and without an error", h)
		}
	})
}
