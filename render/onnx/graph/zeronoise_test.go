package graph_test

import (
	"strings"
	"testing"

	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

func TestZeroNoise(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		op    string
		drawn bool
	}{{"RandomNormal", true}, {"RandomNormalLike", true}, {"Identity", false}} {
		m := model()
		m.Nodes = []onnxtest.Node{
			{Op: c.op, In: []string{"x"}, Out: []string{"noise"}}, {Op: "Add", In: []string{"x", "noise"}, Out: []string{"y"}},
		}
		before := m.Encode()
		after, err := graph.ZeroNoise(before)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(after), "Sub"); got != c.drawn || !c.drawn && string(after) != string(before) {
			t.Errorf("%s: got edited %v, want %v and no other change", c.op, got, c.drawn)
		}
	}
	if _, err := graph.ZeroNoise([]byte{0xff}); err == nil {
		t.Error("no model: got no error")
	}
}
