package folder_test

import (
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/checkpoint/upscalertest"
	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

// resizing is a network that repeats pixels.
func resizing(by float64, in, out []int) onnxtest.Model {
	return onnxtest.Model{
		Inputs:  []graph.Value{{Name: "x", Type: graph.Float, Dims: in}},
		Outputs: []graph.Value{{Name: "y", Type: graph.Float, Dims: out}},
		Nodes:   []onnxtest.Node{{Op: "Resize", In: []string{"x", "", "by"}, Out: []string{"y"}}},
		Weights: []onnxtest.Weight{{Name: "by", Type: graph.Float, Dims: []int{4}, Values: []float64{1, 1, by, by}}},
	}
}

func TestOpenUpscaler(t *testing.T) {
	t.Parallel()
	free := []int{0, 3, 0, 0}
	for name, c := range map[string]struct {
		model onnxtest.Model
		want  folder.Upscaler
		fault string
	}{
		"free sides":              {resizing(2, free, free), folder.Upscaler{Scale: 2, Multiple: 1}, ""},
		"no shapes of the output": {resizing(3, free, []int{0, 0, 0, 0}), folder.Upscaler{Scale: 3, Multiple: 1}, ""},
		"one size": {
			resizing(4, []int{1, 3, 64, 48}, []int{1, 3, 256, 192}),
			folder.Upscaler{Scale: 4, Multiple: 1, Tile: folder.Size{Width: 48, Height: 64}}, "",
		},
		"half a size":       {resizing(2, []int{1, 3, 64, 0}, free), folder.Upscaler{}, "both sides free or both fixed"},
		"several at a time": {resizing(2, []int{4, 3, 0, 0}, free), folder.Upscaler{}, "want one image at a time"},
		"grey images":       {resizing(2, []int{1, 1, 0, 0}, free), folder.Upscaler{}, "want 3 in dimension 2"},
		"a list":            {resizing(2, []int{3}, free), folder.Upscaler{}, "want [4] dimensions"},
		"a huge scale":      {resizing(16, free, free), folder.Upscaler{}, "16 times larger, want at most 8"},
		"beyond all bounds": {resizing(1<<20, free, free), folder.Upscaler{}, "it scales by"},
		"a part of a scale": {resizing(1.5, free, free), folder.Upscaler{}, "want a whole number of times larger"},
		"smaller images":    {resizing(0.5, free, free), folder.Upscaler{}, "want a whole number of times larger"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			onnxtest.WriteFile(t, dir, "a.onnx", string(c.model.Encode()))
			got, err := folder.OpenUpscaler(filepath.Join(dir, "a.onnx"))
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) || !strings.HasPrefix(err.Error(), dir) ||
					strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want one line with the path and %q", err, c.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Scale != c.want.Scale || got.Multiple != c.want.Multiple || got.Tile != c.want.Tile {
				t.Errorf("got scale %d, multiple %d, tile %v, want %+v", got.Scale, got.Multiple, got.Tile, c.want)
			}
		})
	}
}

func TestOpenUpscalerRefusesFiles(t *testing.T) {
	t.Parallel()
	const shape = "\x08\x03\x08\x03\x08\x03" // the last three dims of a TensorProto
	whole := string(upscalertest.Exports(t)[0].File)
	apart := resizing(2, []int{0, 3, 0, 0}, []int{0, 3, 0, 0})
	apart.Weights = append(apart.Weights, onnxtest.Weight{
		Name: "w", Type: graph.Float, Dims: []int{2}, Values: []float64{1, 2}, File: "w.bin",
	})
	for name, c := range map[string]struct{ content, want string }{
		"an empty file":            {"", "the file is empty"},
		"a file that was cut":      {whole[:len(whole)/2], "cut short or not an ONNX model"},
		"a web page":               {"<!DOCTYPE html><html>", "a web page"},
		"a Git LFS pointer":        {"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"},
		"noise":                    {strings.Repeat("\xff\x13", 500), "ONNX"},
		"weights in another file":  {string(apart.Encode()), "its weights lie in other files"},
		"a weight of another size": {strings.Replace(whole, "\x08\x0c"+shape, "\x08\x0d"+shape, 1), "bytes, want"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			onnxtest.WriteFile(t, dir, "a.onnx", c.content)
			onnxtest.WriteFile(t, dir, "w.bin", "12345678")
			if _, err := folder.OpenUpscaler(filepath.Join(dir, "a.onnx")); err == nil ||
				!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") ||
				strings.Count(err.Error(), dir) != 1 {
				t.Errorf("got %v, want one line with the path once and %q", err, c.want)
			}
		})
	}
}
