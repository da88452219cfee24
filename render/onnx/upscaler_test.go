package onnx_test

import (
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"darkroom/render/checkpoint"
	"darkroom/render/checkpoint/upscalertest"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/tensor"
)

// openUpscaler loads an upscaler until the test ends.
func openUpscaler(t testing.TB, u *folder.Upscaler, err error) *onnx.Upscaler {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := onnx.OpenUpscaler(u, onnx.Device{Kind: onnx.CPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := loaded.Close(); err != nil {
			t.Error(err)
		}
	})
	return loaded
}

// checkUpscaler runs a network on the recorded image.
func checkUpscaler(t *testing.T, c upscalertest.Case, network *onnx.Upscaler, tolerance float64) {
	t.Helper()
	out, err := network.Upscale(t.Context(), c.Image())
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 3, c.Scale * c.Size[1], c.Scale * c.Size[0]}; !slices.Equal(out.Shape, want) {
		t.Fatalf("got shape %v, want %v", out.Shape, want)
	}
	worst, most := 0.0, 1.0
	for i, v := range c.Values {
		most = max(most, math.Abs(v))
		worst = max(worst, math.Abs(float64(out.Data[i*c.Step])-v))
	}
	if worst > tolerance*most || len(c.Values) < 100 {
		t.Errorf("differs by %.2g of values up to %.3g, want at most %g of them, in at least 100 values", worst, most,
			tolerance)
	}
	t.Logf("differs by %.2g of values up to %.3g", worst, most)
}

// TestUpscalersAgreeWithSpandrel runs a file of each architecture and naming and compares with spandrel's own modules.
func TestUpscalersAgreeWithSpandrel(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	for _, c := range upscalertest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			opened, err := checkpoint.OpenUpscaler(c.Write(t))
			network := openUpscaler(t, opened, err)
			if network.Scale != c.Scale || c.Size[0]%network.Multiple != 0 {
				t.Errorf("got scale %d and multiple %d, want %d", network.Scale, network.Multiple, c.Scale)
			}
			checkUpscaler(t, c, network, 1e-4)
		})
	}
}

// TestExportsAgreeWithTorch runs ONNX files as torch's exporters write them: with free sides or fixed ones, with sizes
// that are computed, and in float16, whose weights are rounded.
func TestExportsAgreeWithTorch(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	for _, c := range upscalertest.Exports(t) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			opened, err := folder.OpenUpscaler(c.Write(t))
			network := openUpscaler(t, opened, err)
			multiple := 1
			if strings.HasPrefix(c.Name, "unshuffled") {
				multiple = 2
			}
			traits := network.Traits()
			fixed := traits.Tile == image.Pt(c.Size[0], c.Size[1])
			if traits.Scale != c.Scale || traits.Multiple != multiple || fixed != c.Fixed {
				t.Errorf("got %+v, want scale %d, multiple %d, fixed %v", traits, c.Scale, multiple, c.Fixed)
			}
			checkUpscaler(t, c, network, map[string]float64{"F32": 1e-4, "F16": 2e-3}[c.DType])
		})
	}
}

// TestModelUpscaler runs the demo model's own network on one colour, which stays.
func TestModelUpscaler(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	m, err := folder.Open(demo)
	if err != nil {
		t.Fatal(err)
	}
	network := openUpscaler(t, m.Upscaler, nil)
	flat := tensor.New(1, 3, 48, 96)
	for i := range flat.Data {
		flat.Data[i] = []float32{0.25, 0.5, 0.75}[i/(48*96)]
	}
	got, err := network.Upscale(t.Context(), flat)
	if err != nil || !slices.Equal(got.Shape, []int{1, 3, 96, 192}) {
		t.Fatalf("got %v, %v", got.Shape, err)
	}
	for _, at := range []int{50*192 + 90, 20*192 + 20, 90*192 + 170} {
		for c := range 3 {
			if v := got.Data[c*96*192+at]; math.Abs(float64(v-flat.Data[c*48*96])) > 0.03 {
				t.Errorf("channel %d at %d: got %v, want about %v", c, at, v, flat.Data[c*48*96])
			}
		}
	}
}
