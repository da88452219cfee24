package hypernet

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/tensor"
)

// TestOpenDemo reads the demo's hypernetwork, which is in safetensors.
func TestOpenDemo(t *testing.T) {
	t.Parallel()
	n, err := Open(filepath.Join("..", "..", "demo", "addons", "hypernetworks", "sepia.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for width, pair := range n.Widths {
		for _, m := range []Module{pair.Key, pair.Value} {
			if len(m) != 3 || m[0].Linear == nil || m[1].Activation != "relu" || m[2].Linear.Weight.Shape[0] != width {
				t.Errorf("width %d: got %d layers, want a linear layer, relu and a linear layer", width, len(m))
			}
		}
	}
	if n.Name != "sepia" || n.Widths[128].Key == nil {
		t.Errorf("got %q with the widths %v", n.Name, n.Widths)
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	state := func() map[string]tensor.Tensor {
		return map[string]tensor.Tensor{
			"linear.0.weight": tensor.New(4, 2), "linear.0.bias": tensor.New(4),
			"linear.1.weight": tensor.New(2, 4), "linear.1.bias": tensor.New(2),
		}
	}
	good := settings{structure: []float64{1, 2, 1}, dropout: []float64{0, 0, 0}}
	for want, broken := range map[string]func(map[string]tensor.Tensor){
		"no place":        func(s map[string]tensor.Tensor) { s["linear.7.bias"] = tensor.New(1) },
		"linear.1.bias":   func(s map[string]tensor.Tensor) { delete(s, "linear.1.bias") },
		"linear.0.weight": func(s map[string]tensor.Tensor) { s["linear.0.weight"] = tensor.New(2, 4) },
		"linear.0.bias":   func(s map[string]tensor.Tensor) { s["linear.0.bias"].Data[1] = float32(math.Inf(1)) },
	} {
		s := state()
		broken(s)
		_, err := build(good, map[int][2]map[string]tensor.Tensor{2: {state(), s}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
	if _, err := build(good, map[int][2]map[string]tensor.Tensor{2: {state(), state()}}); err != nil {
		t.Errorf("a whole one: got %v", err)
	}
	for _, s := range []settings{
		{structure: []float64{1}}, {structure: []float64{1, 2, 2}}, {structure: []float64{1, math.NaN(), 1}},
		{structure: []float64{1, 1e9, 1}, dropout: []float64{0, 0, 0}},
		{structure: []float64{1, 2, 1}, dropout: []float64{0}},
		{structure: []float64{1, 2, 1}, dropout: []float64{0, 0, 0}, activation: "prelu"},
	} {
		if s.check() == nil {
			t.Errorf("%+v: got no error", s)
		}
	}
	if n, err := build(good, nil); err == nil {
		t.Errorf("nothing: got %v", n)
	}
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	n := Network{Widths: map[int]Pair{320: {}, 768: {}, 1280: {}}}
	if got := n.Families(); !slices.Equal(got, []string{"Stable Diffusion 1"}) {
		t.Errorf("got %v, want Stable Diffusion 1", got)
	}
}
