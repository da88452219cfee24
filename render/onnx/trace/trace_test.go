package trace_test

import (
	"slices"
	"strings"
	"testing"

	"darkroom/render/checkpoint/upscalertest"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/onnx/trace"
)

func image(name string) graph.Value {
	return graph.Value{Name: name, Type: graph.Float, Dims: []int{0, 3, 0, 0}}
}

// network is a network from x to y with a weight w of 4 channels.
func network(nodes ...onnxtest.Node) onnxtest.Model {
	return onnxtest.Model{
		Inputs: []graph.Value{image("x")}, Outputs: []graph.Value{image("y")}, Nodes: nodes,
		Weights: []onnxtest.Weight{
			{Name: "w", Type: graph.Float, Dims: []int{12, 3, 3, 3}, Values: make([]float64, 12*27)},
			{Name: "double", Type: graph.Float, Dims: []int{4}, Values: []float64{1, 1, 2, 2}},
			{Name: "huge", Type: graph.Int64, Dims: []int{4}, Values: []float64{1 << 20, 3, 1 << 20, 1 << 20}},
		},
	}
}

func node(op, out string, in ...string) onnxtest.Node {
	return onnxtest.Node{Op: op, In: in, Out: []string{out}}
}

func conv(out string, in ...string) onnxtest.Node {
	n := node("Conv", out, in...)
	n.Lists = map[string][]int64{"pads": {1, 1, 1, 1}}
	return n
}

func shuffle(out, in string) onnxtest.Node {
	n := node("DepthToSpace", out, in)
	n.Ints = map[string]int64{"blocksize": 2}
	return n
}

func follow(t *testing.T, m onnxtest.Model, shape ...int) (trace.Trace, error) {
	t.Helper()
	c, err := graph.ReadContents(m.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return trace.Follow(c, shape)
}

func TestFollow(t *testing.T) {
	t.Parallel()
	m := network(conv("a", "x", "w"), node("Relu", "b", "a"), shuffle("c", "b"), node("Resize", "d", "x", "", "double"),
		node("Add", "y", "c", "d"))
	got, err := follow(t, m, 1, 3, 10, 20)
	want := trace.Trace{
		Output: []int{1, 3, 20, 40},
		Work:   12 * 27 * 10 * 20,
		// At the Relu, which works in place, the image and 12 channels; at DepthToSpace the image, 12 channels and as many
		// numbers of a larger image; at the end two larger images, of which the sum overwrites one, and the image is gone.
		Peak: (3 + 12 + 12) * 10 * 20,
	}
	if err != nil || !slices.Equal(got.Output, want.Output) || got.Work != want.Work || got.Peak != want.Peak {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestFollowRefuses(t *testing.T) {
	t.Parallel()
	other := network(node("Relu", "y", "x"))
	other.Outputs = append(other.Outputs, image("z"))
	loop := node("Loop", "y", "x")
	loop.Body = new(network(node("Relu", "y", "x")))
	for name, c := range map[string]struct {
		model onnxtest.Model
		want  string
	}{
		"two outputs":              {other, "1 inputs and 2 outputs"},
		"an unknown operation":     {network(node("TopK", "y", "x")), `"TopK": networks that enlarge images`},
		"a loop":                   {network(loop), `"Loop"`},
		"random numbers":           {network(node("RandomNormalLike", "y", "x")), "RandomNormalLike"},
		"a cycle":                  {network(node("Relu", "a", "y"), node("Relu", "y", "a")), `reads "y" before it is made`},
		"a value that is twice":    {network(node("Relu", "y", "x"), node("Abs", "y", "x")), `"y" is made twice`},
		"an output that is not":    {network(node("Relu", "a", "x")), `nothing makes the output "y"`},
		"other channels":           {network(shuffle("a", "x"), conv("y", "a", "w")), "blocks of 2×2 from 3 channels"},
		"a weight of others":       {network(conv("a", "x", "w"), conv("y", "a", "w")), "it reads 12 channels"},
		"a size beyond all bounds": {network(node("Expand", "y", "x", "huge")), "do not fit together"},
		"an output too many": {
			network(onnxtest.Node{Op: "Conv", In: []string{"x", "w"}, Out: []string{"y", "z"}}), "2 outputs",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := follow(t, c.model, 1, 3, 8, 8); err == nil || !strings.Contains(err.Error(), c.want) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("got %+v, %v, want one line with %q", got, err, c.want)
			}
		})
	}
}

// FuzzFollow follows networks that torch exported, with bytes changed: it may refuse them, and never panics, runs for
// ever or asks for much memory.
func FuzzFollow(f *testing.F) {
	for _, c := range upscalertest.Exports(f) {
		f.Add(c.File, uint8(16), uint8(16))
	}
	f.Add(network(conv("a", "x", "w"), shuffle("y", "a")).Encode(), uint8(4), uint8(5))
	f.Fuzz(func(_ *testing.T, model []byte, width, height uint8) {
		if c, err := graph.ReadContents(model); err == nil {
			_, _ = trace.Follow(c, []int{1, 3, int(height), int(width)})
		}
	})
}
