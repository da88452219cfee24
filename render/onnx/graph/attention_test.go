package graph_test

import (
	"slices"
	"strings"
	"testing"

	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

// attention is a network of one attention as torch exports it, with its scale as a constant or worked out from the
// width.
func attention(usual bool) onnxtest.Model {
	turn := func(out, in string, perm ...int64) onnxtest.Node {
		return onnxtest.Node{Op: "Transpose", In: []string{in}, Out: []string{out}, Lists: map[string][]int64{"perm": perm}}
	}
	n := []onnxtest.Node{
		newNode("Shape", "shape", "q"), newNode("Gather", "batch", "shape", "zero"),
		newNode("Concat", "divided", "batch", "free", "eight", "width"), newNode("Concat", "whole", "batch", "free", "all"),
	}
	for _, x := range []string{"q", "k", "v"} {
		n = append(n, newNode("Reshape", x+".shaped", x, "divided"))
	}
	n = append(
		n, turn("q.turned", "q.shaped", 0, 2, 1, 3), turn("k.turned", "k.shaped", 0, 2, 3, 1),
		turn("v.turned", "v.shaped", 0, 2, 1, 3),
	)
	if usual {
		n = append(
			n, newNode("Shape", "turned.shape", "q.turned"), newNode("Slice", "length", "turned.shape", "zero", "free"),
			newNode("Sqrt", "root", "length"), newNode("Div", "over", "one", "root"), newNode("Sqrt", "scale", "over"),
		)
	}
	n = append(
		n,
		newNode("Mul", "q.scaled", "q.turned", "scale"),
		newNode("Mul", "k.scaled", "k.turned", "scale"),
		newNode("MatMul", "scores", "q.scaled", "k.scaled"),
		onnxtest.Node{Op: "Softmax", In: []string{"scores"}, Out: []string{"weights"}, Ints: map[string]int64{"axis": -1}},
		newNode(
			"MatMul", "mixed", "weights", "v.turned",
		),
		turn("mixed.turned", "mixed", 0, 2, 1, 3),
		newNode("Reshape", "y", "mixed.turned", "whole"),
	)
	weight := func(name string, kind graph.Type, v float64) onnxtest.Weight {
		return onnxtest.Weight{Name: name, Type: kind, Dims: []int{1}, Values: []float64{v}}
	}
	m := onnxtest.Model{
		Nodes: n,
		Weights: []onnxtest.Weight{
			weight("zero", graph.Int64, 0), weight("free", graph.Int64, -1), weight("eight", graph.Int64, 8),
			weight("width", graph.Int64, 4), weight("all", graph.Int64, 32), weight("one", graph.Float, 1),
		},
		Outputs: []graph.Value{{Name: "y", Type: graph.Float, Dims: []int{0, 0, 32}}},
	}
	if !usual {
		m.Weights = append(m.Weights, weight("scale", graph.Float, 0.5))
	}
	for _, x := range []string{"q", "k", "v"} {
		m.Inputs = append(m.Inputs, graph.Value{Name: x, Type: graph.Float, Dims: []int{0, 0, 32}})
	}
	return m
}

// withNode replaces the node that makes a value.
func withNode(m onnxtest.Model, out string, with onnxtest.Node) onnxtest.Model {
	m.Nodes = slices.Clone(m.Nodes)
	for i, n := range m.Nodes {
		if n.Out[0] == out {
			m.Nodes[i] = with
		}
	}
	return m
}

func TestFuseAttention(t *testing.T) {
	t.Parallel()
	for name, usual := range map[string]bool{"the usual scale": true, "a scale of its own": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := attention(usual).Encode()
			edited, err := graph.FuseAttention(data)
			if err != nil {
				t.Fatal(err)
			}
			text := string(edited)
			if strings.Count(text, "MultiHeadAttention") != 1 || strings.Contains(text, "Softmax") ||
				strings.Contains(text, "Transpose") {
				t.Errorf("got %q, want one operation in the place of all", text)
			}
			if strings.Contains(text, "scale") == usual || !strings.Contains(text, "com.microsoft") {
				t.Errorf("got %q, want the operator's domain, and a scale only where it is not the usual", text)
			}
			h, err := readBytes(t, edited)
			if err != nil || len(h.Inputs) != 3 || len(h.Outputs) != 1 {
				t.Errorf("got %v, %v, want the inputs and outputs of before", h, err)
			}
			if again, err := graph.FuseAttention(edited); err != nil || string(again) != text {
				t.Errorf("fused again it is not the same to the byte (%v)", err)
			}
		})
	}
}

func TestFuseAttentionKeepsOtherForms(t *testing.T) {
	t.Parallel()
	plain := attention(true)
	seen := attention(true)
	seen.Outputs = append(
		slices.Clone(seen.Outputs), graph.Value{Name: "weights", Type: graph.Float, Dims: []int{0, 8, 0, 0}},
	)
	for name, m := range map[string]onnxtest.Model{
		"a mask before the softmax": withNode(plain, "scores", newNode("Add", "scores", "q.scaled", "k.scaled")),
		"another axis": withNode(
			plain,
			"weights",
			onnxtest.Node{Op: "Softmax", In: []string{"scores"}, Out: []string{"weights"}, Ints: map[string]int64{"axis": 1}},
		),
		"another scale worked out": withNode(plain, "over", newNode("Div", "over", "eight", "root")),
		"keys turned otherwise":    withNode(plain, "k.turned", newNode("Transpose", "k.turned", "k.shaped")),
		"heads that are not told": withNode(
			plain, "divided", newNode("Concat", "divided", "batch", "free", "batch", "width"),
		),
		"weights that somebody else has": seen,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := m.Encode()
			edited, err := graph.FuseAttention(data)
			if err != nil || string(edited) != string(data) {
				t.Errorf("got %d bytes of %d, %v, want the same", len(edited), len(data), err)
			}
		})
	}
}

func FuzzFuseAttention(f *testing.F) {
	f.Add(attention(true).Encode())
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = graph.FuseAttention(data) })
}
