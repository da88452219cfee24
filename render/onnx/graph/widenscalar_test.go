package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

func TestWidenScalar(t *testing.T) {
	t.Parallel()
	m := model()
	time := graph.Value{Name: "t", Type: graph.Float16}
	m.Inputs = append(m.Inputs, time)
	m.Nodes = append(m.Nodes, onnxtest.Node{Op: "Mul", In: []string{"t", "t"}, Out: []string{"z"}})
	edited, err := graph.WidenScalar(m.Encode(), time)
	if err != nil {
		t.Fatal(err)
	}
	h, err := readBytes(t, edited)
	if got, want := fmt.Sprint(h.Inputs), "[x float16 [?,2000] t float32 []]"; err != nil || got != want {
		t.Errorf("got inputs %s, %v, want %s", got, err, want)
	}
	if got := strings.Count(string(edited), "darkroom.narrow.t"); got != 4 { // the cast's output and name, and two readers
		t.Errorf("got the cast value %d times, want 4", got)
	}
	for name, data := range map[string][]byte{"no such input": model().Encode(), "no model": []byte("no model")} {
		if _, err := graph.WidenScalar(data, time); err == nil || !strings.Contains(err.Error(), "widen t") {
			t.Errorf("%s: got %v, want an error that names the input", name, err)
		}
	}
}
