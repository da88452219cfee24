package onnx_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

// layerNorm is a layer norm without its weights.
func layerNorm(t tensor.Tensor, width int) tensor.Tensor {
	out := t.Clone()
	for at := 0; at < len(out.Data); at += width {
		row := out.Data[at : at+width]
		var mean, spread float64
		for _, v := range row {
			mean += float64(v) / float64(width)
		}
		for _, v := range row {
			spread += (float64(v) - mean) * (float64(v) - mean) / float64(width)
		}
		for i, v := range row {
			row[i] = float32((float64(v) - mean) / math.Sqrt(spread+1e-5))
		}
	}
	return out
}

// normScale is a layer norm's weight and bias for one column.
type normScale struct{ weight, bias float64 }

// fitNormScales finds the weights of a layer norm from what it made of even values: of each column the least and the
// greatest.
func fitNormScales(even, out tensor.Tensor) []normScale {
	width := even.Shape[2]
	all := make([]normScale, width)
	for c := range all {
		low, high := c, c
		for at := c; at < len(even.Data); at += width {
			if even.Data[at] < even.Data[low] {
				low = at
			}
			if even.Data[at] > even.Data[high] {
				high = at
			}
		}
		w := float64(out.Data[high]-out.Data[low]) / float64(even.Data[high]-even.Data[low])
		all[c] = normScale{w, float64(out.Data[low]) - w*float64(even.Data[low])}
	}
	return all
}

func applyNormScales(even tensor.Tensor, by []normScale) tensor.Tensor {
	out := even.Clone()
	for i, v := range out.Data {
		s := by[i%len(by)]
		out.Data[i] = float32(s.weight*float64(v) + s.bias)
	}
	return out
}

// firstColumns keeps the first of each token's numbers.
func firstColumns(t tensor.Tensor, n int) tensor.Tensor {
	out := tensor.New(t.Shape[0], t.Shape[1], n)
	for i := range t.Shape[0] * t.Shape[1] {
		copy(out.Data[i*n:], t.Data[i*t.Shape[2]:][:n])
	}
	return out
}

// TestClipSkip compares the layers that are added to a network with those that the same network gives out itself.
func TestClipSkip(t *testing.T) {
	t.Parallel()
	for _, name := range []string{goldentest.SDXL, goldentest.Float16(goldentest.SDXL)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runtimeOrSkip(t)
			tolerance := map[bool]float64{false: 1e-6, true: 2e-3}[strings.Contains(name, "fp16")]
			own := loadGolden(t, name)
			dir := goldentest.Model(t, name)
			for _, part := range []string{"text_encoder", "text_encoder_2"} { // the same without those outputs' names
				onnxtest.Rewrite(t, filepath.Join(dir, part, "model.onnx"), onnxtest.Swap("hidden_states.", "hidden_statez."))
			}
			added := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1})
			if got, want := added.Folder.Config.SkippableLayers, own.Folder.Config.SkippableLayers; got != want {
				t.Fatalf("got %d layers to skip, want %d", got, want)
			}
			one := loadDir(t, plainEncoder(t, name), onnx.Device{Kind: onnx.CPU, Threads: 1})
			var norm []normScale
			for skip := range own.Folder.Config.SkippableLayers + 1 {
				want, err1 := own.EncodeEach(t.Context(), [][][]int32{idRows(2), idRows(3)[1:]}, skip)
				got, err2 := added.EncodeEach(t.Context(), [][][]int32{idRows(2), idRows(3)[1:]}, skip)
				if err := errors.Join(err1, err2); err != nil {
					t.Fatal(err)
				}
				checkNear(t, fmt.Sprint("SDXL, skip ", skip), got.Hidden, want.Hidden, tolerance)
				checkNear(t, fmt.Sprint("SDXL, pooled, skip ", skip), got.Pooled, want.Pooled, tolerance)
				text, err := one.EncodeText(t.Context(), idRows(2), skip+1)
				if err != nil {
					t.Fatal(err)
				}
				even := layerNorm(firstColumns(want.Hidden, 24), 24)
				if norm == nil {
					norm = fitNormScales(even, text.Hidden)
				}
				checkNear(
					t, fmt.Sprint("Stable Diffusion 1, skip ", skip+1), text.Hidden, applyNormScales(even, norm), 20*tolerance,
				)
			}
			if _, err := own.EncodeText(t.Context(), idRows(1), own.Folder.Config.SkippableLayers+1); !errors.Is(
				err, onnx.ErrClipSkip,
			) {
				t.Errorf("a layer more: got %v, want %v", err, onnx.ErrClipSkip)
			}
		})
	}
}

// plainEncoder is Stable Diffusion 1's golden folder with SDXL's first text encoder in it, whose layers are known.
func plainEncoder(t *testing.T, name string) string {
	t.Helper()
	from, to := goldentest.Model(t, name), goldentest.Model(t, strings.Replace(name, goldentest.SDXL, goldentest.SD1, 1))
	for _, file := range []string{"text_encoder/model.onnx", "text_encoder/config.json"} {
		data, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			t.Fatal(err)
		}
		onnxtest.WriteFile(t, to, file, string(data))
	}
	return to
}

// TestExposedLayersKeepTheLast compares an edited network's last layer with that of the file as it is.
func TestExposedLayersKeepTheLast(t *testing.T) {
	t.Parallel()
	m := loadGolden(t, goldentest.SD1)
	dir := goldentest.Model(t, goldentest.SD1)
	onnxtest.Rewrite(
		t, filepath.Join(dir, "text_encoder", "config.json"),
		onnxtest.Swap(`"num_hidden_layers": 3`, `"num_hidden_layers": 4`),
	)
	plain := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1})
	if plain.Folder.Config.SkippableLayers != 0 {
		t.Fatalf(
			"a network of other layers than its configuration says: got %d to skip, want it left as it is",
			plain.Folder.Config.SkippableLayers,
		)
	}
	got, err1 := m.EncodeText(t.Context(), idRows(2), 0)
	want, err2 := plain.EncodeText(t.Context(), idRows(2), 0)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	checkNear(t, "the last layer", got.Hidden, want.Hidden, 1e-6)
	if _, err := plain.EncodeText(t.Context(), idRows(1), 1); !errors.Is(err, onnx.ErrClipSkip) {
		t.Errorf("got %v, want %v", err, onnx.ErrClipSkip)
	}
}
