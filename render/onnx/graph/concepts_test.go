package graph_test

import (
	"bytes"
	"strings"
	"testing"

	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

// conceptChecker is the end of a safety checker: the cosines of images and concepts against thresholds, and an image
// that is blackened.
func conceptChecker(edit func(m *onnxtest.Model)) onnxtest.Model {
	m := onnxtest.Model{
		Nodes: []onnxtest.Node{
			newNode("Flatten", "flat", "clip_input"),
			newNode("MatMul", "cosines", "flat", "concepts"),
			newNode("Sub", "scores", "cosines", "thresholds"),
			newNode("Add", "raised", "scores", "care"),
			newNode("Greater", "above", "raised", "zero"),
			newNode("Cast", "numbers", "above"),
			newNode("ReduceSum", "sum", "numbers"),
			newNode("Greater", "has_nsfw_concepts", "sum", "zero"),
			newNode("Where", "out_images", "has_nsfw_concepts", "images", "images"),
		},
		Weights: []onnxtest.Weight{
			{Name: "concepts", Type: graph.Float, Dims: []int{2, 3}, Values: make([]float64, 6)},
			{Name: "thresholds", Type: graph.Float, Dims: []int{3}, Values: make([]float64, 3)},
			{Name: "care", Type: graph.Float, Values: []float64{0.01}},
			{Name: "zero", Type: graph.Float, Values: []float64{0}},
		},
		Inputs: []graph.Value{
			{Name: "clip_input", Type: graph.Float, Dims: []int{0, 2, 1, 1}},
			{Name: "images", Type: graph.Float, Dims: []int{0, 8, 8, 3}},
		},
		Outputs: []graph.Value{
			{Name: "out_images", Type: graph.Float, Dims: []int{0, 8, 8, 3}},
			{Name: "has_nsfw_concepts", Type: 9, Dims: []int{0}},
		},
	}
	if edit != nil {
		edit(&m)
	}
	return m
}

func TestExposeConcepts(t *testing.T) {
	t.Parallel()
	model, count, err := graph.ExposeConcepts(conceptChecker(nil).Encode(), "clip_input", "has_nsfw_concepts")
	if err != nil || count != 3 {
		t.Fatalf("got %d concepts, %v, want 3", count, err)
	}
	h, err := readBytes(t, model)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Inputs) != 1 || h.Inputs[0].Name != "clip_input" {
		t.Errorf("inputs %v, want the pixels alone", h.Inputs)
	}
	if len(h.Outputs) != 2 || h.Outputs[0].Name != graph.LikenessOutput || h.Outputs[1].Name != graph.MarginOutput {
		t.Errorf("outputs %v, want the numbers behind the decision", h.Outputs)
	}
	if ops := graph.Operators(model, "Where", "ReduceSum"); len(ops) > 0 {
		t.Errorf("%v are left, which compute nothing that is asked for", ops)
	}
}

func TestExposeConceptsRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]func(m *onnxtest.Model){
		"no comparison":          func(m *onnxtest.Model) { m.Nodes[4].Op, m.Nodes[7].Op = "Less", "Less" },
		"no product":             func(m *onnxtest.Model) { m.Nodes[1].Op = "Mul" },
		"no thresholds":          func(m *onnxtest.Model) { m.Weights[1].Dims = []int{1, 3} },
		"a threshold from input": func(m *onnxtest.Model) { m.Nodes[4].In[1] = "flat" },
		"another output":         func(m *onnxtest.Model) { m.Nodes[7].Out[0] = "flagged" },
		"a circle":               func(m *onnxtest.Model) { m.Nodes[5].In[0] = "sum" },
	}
	for name, edit := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := graph.ExposeConcepts(conceptChecker(edit).Encode(), "clip_input", "has_nsfw_concepts")
			if err == nil || !strings.Contains(err.Error(), "does not compare images with concepts") {
				t.Errorf("got %v, want a refusal", err)
			}
		})
	}
}

func FuzzExposeConcepts(f *testing.F) {
	f.Add(conceptChecker(nil).Encode())
	f.Add(bytes.Repeat([]byte{0x3a, 0}, 3))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, err := graph.ExposeConcepts(data, "clip_input", "has_nsfw_concepts"); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
		graph.OutputOperator(data, "has_nsfw_concepts")
	})
}
