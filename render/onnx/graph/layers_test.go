package graph_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

func newNode(op, out string, in ...string) onnxtest.Node {
	return onnxtest.Node{Op: op, In: in, Out: []string{out}}
}

// encoder is the skeleton of a text encoder of two layers, in the forms that exporters write. Its layers are h0, h1,
// h2.
func encoder(norm func(from, to string) []onnxtest.Node) onnxtest.Model {
	n := []onnxtest.Node{
		newNode(
			"Shape", "length", "input_ids",
		), newNode("Gather", "places", "w", "length"), newNode("Gather", "words", "w", "input_ids"),
		newNode("Add", "h0", "words", "places"), newNode("Mul", "mask", "length", "w"),
	}
	for i, h := range []string{"h0", "h1"} {
		k := fmt.Sprint(i)
		n = append(n, norm(h, "n"+k)...)
		n = append(
			n,
			newNode(
				"MatMul", "q"+k, "n"+k, "w",
			),
			newNode("Add", "scores"+k, "q"+k, "mask"),
			newNode("Softmax", "p"+k, "scores"+k),
			newNode("Add", "r"+k, h, "p"+k), // attention
			newNode("MatMul", "m"+k, "r"+k, "w"),
			newNode("Add", "b"+k, "m"+k, "w"),
			newNode("Add", "h"+fmt.Sprint(i+1), "b"+k, "r"+k), // feed-forward, the other way round
		)
	}
	n = append(n, norm("h2", "last_hidden_state")...)
	return onnxtest.Model{
		Nodes: n, Weights: []onnxtest.Weight{{Name: "w", Type: graph.Float, Dims: []int{1}, Values: []float64{1}}},
		Inputs:  []graph.Value{{Name: "input_ids", Type: graph.Int64, Dims: []int{0, 77}}},
		Outputs: []graph.Value{{Name: "last_hidden_state", Type: graph.Float, Dims: []int{0, 77, 4}}},
	}
}

// The forms of a layer norm: one operation; as opset 16 and before have it; in another precision.
var norms = map[string]func(from, to string) []onnxtest.Node{
	"one operation": func(from, to string) []onnxtest.Node {
		return []onnxtest.Node{newNode("LayerNormalization", to, from, "w", "w")}
	},
	"step by step": func(from, to string) []onnxtest.Node {
		return []onnxtest.Node{
			newNode("ReduceMean", to+".mean", from),
			newNode("Sub", to+".less", from, to+".mean"),
			newNode("Pow", to+".square", to+".less", "w"),
			newNode(
				"ReduceMean", to+".spread", to+".square",
			),
			newNode("Add", to+".safe", to+".spread", "w"),
			newNode("Sqrt", to+".root", to+".safe"),
			newNode(
				"Div", to+".even", to+".less", to+".root",
			),
			newNode("Mul", to+".scaled", to+".even", "w"),
			newNode("Add", to, to+".scaled", "w"),
		}
	},
	"cast and cast back": func(from, to string) []onnxtest.Node {
		return []onnxtest.Node{
			newNode("Cast", to+".wide", from), newNode("LayerNormalization", to+".norm", to+".wide", "w", "w"),
			newNode("Cast", to, to+".norm"),
		}
	},
}

func TestExposeLayers(t *testing.T) {
	t.Parallel()
	last := graph.Value{Name: "last_hidden_state", Type: graph.Float, Dims: []int{0, 77, 4}}
	for name, norm := range norms {
		for _, old := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", weights as inputs ", old), func(t *testing.T) {
				t.Parallel()
				m := encoder(norm)
				m.WeightsAsInputs = old
				edited, layers, err := graph.ExposeLayers(m.Encode(), last, graph.LayerOptions{Max: 12, Count: 2, FinalNorm: true})
				if err != nil {
					t.Fatal(err)
				}
				h, err := readBytes(t, edited)
				want := "[last_hidden_state float32 [?,77,4] darkroom.layer.1 float32 [?,77,4] " +
					"darkroom.layer.2 float32 [?,77,4]]"
				if err != nil || fmt.Sprint(h.Outputs) != want {
					t.Errorf("got outputs %v, %v, want %s", h.Outputs, err, want)
				}
				if !reflect.DeepEqual(layers, h.Outputs[1:]) {
					t.Errorf("told of %v, want %v", layers, h.Outputs[1:])
				}
			})
		}
	}
}

// TestExposeLayersReads sees which values are given out, by the nodes added at the end.
func TestExposeLayersReads(t *testing.T) {
	t.Parallel()
	last := graph.Value{Name: "last_hidden_state", Type: graph.Float16}
	data := encoder(norms["one operation"]).Encode()
	added := func(o graph.LayerOptions) string {
		edited, _, err := graph.ExposeLayers(data, last, o)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, r := range edited[len(edited)-300:] {
			if r >= ' ' && r < 127 {
				b.WriteByte(r)
			} else {
				b.WriteByte(' ')
			}
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	for _, c := range []struct {
		o    graph.LayerOptions
		want []string
		not  string
	}{
		{graph.LayerOptions{Max: 12}, []string{"h1 darkroom.layer.1", "h0 darkroom.layer.2", "Cast"}, "darkroom.layer.3"},
		{graph.LayerOptions{Max: 1}, []string{"h1 darkroom.layer.1"}, "darkroom.layer.2"},
		{
			graph.LayerOptions{Max: 12, FinalNorm: true},
			[]string{"h1 w w darkroom.layer.1", "h0 w w darkroom.layer.2", "LayerNormalization"},
			"Cast",
		},
	} {
		got := added(c.o)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%+v: got %q, want %q in it", c.o, got, want)
			}
		}
		if strings.Contains(got, c.not) {
			t.Errorf("%+v: got %q, want no %q", c.o, got, c.not)
		}
	}
}

func TestExposeLayersRefuses(t *testing.T) {
	t.Parallel()
	last := graph.Value{Name: "last_hidden_state", Type: graph.Float}
	whole := encoder(norms["one operation"])
	change := func(edit func(m *onnxtest.Model)) onnxtest.Model {
		m := whole
		m.Nodes = slices.Clone(m.Nodes)
		edit(&m)
		return m
	}
	for name, c := range map[string]struct {
		model onnxtest.Model
		count int
	}{
		"other layers than the configuration has": {whole, 3},
		"a fused network": {change(func(m *onnxtest.Model) {
			for i, n := range m.Nodes {
				if n.Op == "Add" && strings.HasPrefix(n.Out[0], "h") {
					m.Nodes[i].Op = "SkipLayerNormalization"
				}
			}
		}), 0},
		"half a layer": {change(func(m *onnxtest.Model) {
			m.Nodes = slices.DeleteFunc(m.Nodes, func(n onnxtest.Node) bool { return n.Out[0] == "h2" })
			m.Nodes[len(m.Nodes)-1].In[0] = "r1"
		}), 0},
		"no chain": {
			onnxtest.Model{
				Nodes: []onnxtest.Node{newNode("Gather", "last_hidden_state", "w", "input_ids")}, Weights: whole.Weights,
				Inputs: whole.Inputs, Outputs: whole.Outputs,
			},
			0,
		},
		"no such output": {change(func(m *onnxtest.Model) { m.Nodes = m.Nodes[:4] }), 0},
	} {
		if _, _, err := graph.ExposeLayers(c.model.Encode(), last, graph.LayerOptions{Max: 3, Count: c.count}); err == nil ||
			!strings.Contains(err.Error(), "layers are not recognised") {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	if _, _, err := graph.ExposeLayers([]byte("no model"), last, graph.LayerOptions{}); err == nil {
		t.Error("no model: got no error")
	}
}

func FuzzExposeLayers(f *testing.F) {
	for _, norm := range norms {
		f.Add(encoder(norm).Encode())
	}
	circle := model()
	circle.Nodes = []onnxtest.Node{
		newNode("Cast", "y", "z"), newNode("Cast", "z", "y"), newNode("Add", "last_hidden_state", "last_hidden_state", "x"),
	}
	f.Add(circle.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		last := graph.Value{Name: "last_hidden_state", Type: graph.Float}
		edited, layers, err := graph.ExposeLayers(data, last, graph.LayerOptions{Max: 3, FinalNorm: true})
		if err == nil && (len(layers) == 0 || len(edited) <= len(data)/2) {
			t.Errorf("%d bytes became %d with layers %v", len(data), len(edited), layers)
		}
	})
}
