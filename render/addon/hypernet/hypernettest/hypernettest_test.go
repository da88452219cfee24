package hypernettest_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"darkroom/render/addon/addontest"
	"darkroom/render/addon/hypernet"
	"darkroom/render/addon/hypernet/hypernettest"
	"darkroom/render/tensor"
)

// TestOpenGolden reads A1111's files and compares what their modules compute with A1111's own.
func TestOpenGolden(t *testing.T) {
	t.Parallel()
	var record addontest.Torch
	addontest.ReadRecord(t, "torch.json.gz", &record)
	if len(record.Outputs) < 8 {
		t.Errorf("%d hypernetworks were recorded, want 8", len(record.Outputs))
	}
	for name, outputs := range record.Outputs {
		n, err := hypernet.Open(addontest.Save(t, name+".pt", record.Hypernets[name+".pt"]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n.Name != name || len(n.Widths) != 2 {
			t.Errorf("%s: got %q with the widths %v", name, n.Name, n.Widths)
		}
		for key, want := range outputs {
			var width int
			var side string
			var strength float64
			if _, err := fmt.Sscan(key, &width, &side, &strength); err != nil {
				t.Fatal(err)
			}
			x, err := tensor.Of(addontest.Draw(fmt.Sprintf("x/%d", width), 2*width, 2), 2, width)
			if err != nil {
				t.Fatal(err)
			}
			module := n.Widths[width].Key
			if side == "v" {
				module = n.Widths[width].Value
			}
			y, err := hypernettest.Apply(module, x, strength)
			if err != nil {
				t.Errorf("%s %s: %v", name, key, err)
				continue
			}
			for i, v := range want {
				if math.Abs(float64(y.Data[i])-v) > 5e-6 {
					t.Errorf("%s %s [%d]: got %v, want %v", name, key, i, y.Data[i], v)
				}
			}
			if strength == 0 && !slices.Equal(x.Data, y.Data) {
				t.Errorf("%s: strength 0 changes x", name)
			}
		}
	}
}

func TestActivations(t *testing.T) {
	t.Parallel()
	var record addontest.Torch
	addontest.ReadRecord(t, "torch.json.gz", &record)
	x := addontest.Draw("activation", 24, 6)
	functions := hypernettest.Activations()
	if got := slices.Sorted(maps.Keys(functions)); !slices.Equal(got, hypernet.Activations()) {
		t.Errorf("got the functions %q, want those of %q", got, hypernet.Activations())
	}
	for name, f := range functions {
		want := record.Activations[name]
		if len(want) != len(x) {
			t.Errorf("%s: not recorded", name)
			continue
		}
		for i, v := range x {
			if got := f(float64(v)); math.Abs(got-want[i]) > 2e-6 {
				t.Errorf("%s(%v): got %v, want %v", name, v, got, want[i])
			}
		}
	}
}
