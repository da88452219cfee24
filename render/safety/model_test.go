package safety

import (
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

// classifier is a network with the interface of open_nsfw, but for what a test changes.
func classifier(op string, in, out graph.Value) onnxtest.Model {
	in.Name, out.Name = "input", "output"
	return onnxtest.Model{
		Nodes:  []onnxtest.Node{{Op: op, In: []string{"input"}, Out: []string{"output"}}},
		Inputs: []graph.Value{in}, Outputs: []graph.Value{out},
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	pixels := graph.Value{Type: graph.Float, Dims: []int{0, 224, 224, 3}}
	two := graph.Value{Type: graph.Float, Dims: []int{0, 2}}
	concepts := onnxtest.Model{
		Nodes:   []onnxtest.Node{{Op: "Identity", In: []string{"clip_input"}, Out: []string{"has_nsfw_concepts"}}},
		Inputs:  []graph.Value{{Name: "clip_input", Type: graph.Float, Dims: []int{0, 3, 224, 224}}},
		Outputs: []graph.Value{{Name: "has_nsfw_concepts", Type: graph.Float, Dims: []int{0}}},
	}
	cases := map[string]struct {
		file, data string
		want       string
	}{
		"a missing file":        {"other.onnx", "", "no such file"},
		"a pickle":              {"checker.pt", "x", "want a folder or an .onnx file"},
		"a web page":            {"checker.onnx", "<!doctype html>", "a web page"},
		"an empty file":         {"checker.onnx", "\x00", "the file is empty"},
		"an empty folder":       {"sub/note.txt", "", "want model.onnx or model.safetensors"},
		"another size":          {"checker.onnx", fileOf(classifier("Softmax", graph.Value{Type: graph.Float, Dims: []int{0, 3, 299, 299}}, two)), "no known checker"},
		"five classes":          {"checker.onnx", fileOf(classifier("Softmax", pixels, graph.Value{Type: graph.Float, Dims: []int{0, 5}})), "no known checker"},
		"whole numbers":         {"checker.onnx", fileOf(classifier("Softmax", graph.Value{Type: graph.Int64, Dims: pixels.Dims}, two)), "no known checker"},
		"no probabilities":      {"checker.onnx", fileOf(classifier("Add", pixels, two)), "made by Add, want Softmax"},
		"no comparison":         {"checker.onnx", fileOf(concepts), "does not compare images with concepts"},
		"a config that is none": {"safety_checker/model.onnx", fileOf(comparing()), "config.json"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			onnxtest.WriteFile(t, dir, "safety_checker/config.json", "{")
			path := filepath.Join(dir, filepath.FromSlash(c.file))
			if c.data != "" {
				onnxtest.WriteFile(t, dir, c.file, strings.TrimPrefix(c.data, "\x00"))
			}
			if strings.HasPrefix(c.file, "sub/") {
				path = t.TempDir()
			}
			_, err := Open(path)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line that tells: %s", err, c.want)
			}
		})
	}
}

func fileOf(m onnxtest.Model) string { return string(m.Encode()) }

// comparing is the end of Stable Diffusion's checker as an exporter writes it.
func comparing() onnxtest.Model {
	return onnxtest.Model{
		Nodes: []onnxtest.Node{
			{Op: "GlobalAveragePool", In: []string{"clip_input"}, Out: []string{"pooled"}},
			{Op: "Flatten", In: []string{"pooled"}, Out: []string{"flat"}},
			{Op: "MatMul", In: []string{"flat", "concepts"}, Out: []string{"cosines"}},
			{Op: "Greater", In: []string{"cosines", "thresholds"}, Out: []string{"above"}},
			{Op: "Cast", In: []string{"above"}, Out: []string{"count"}, Ints: map[string]int64{"to": 1}},
			{Op: "ReduceMax", In: []string{"count"}, Out: []string{"most"}, Lists: map[string][]int64{"axes": {1}}},
			{Op: "Cast", In: []string{"most"}, Out: []string{"has_nsfw_concepts"}, Ints: map[string]int64{"to": 9}},
		},
		Weights: []onnxtest.Weight{
			{Name: "concepts", Type: graph.Float, Dims: []int{3, 2}, Values: []float64{1, 0, 0, 1, 0, 0}},
			{Name: "thresholds", Type: graph.Float, Dims: []int{2}, Values: []float64{0.5, 0.5}},
		},
		Inputs:  []graph.Value{{Name: "clip_input", Type: graph.Float, Dims: []int{0, 3, 8, 8}}},
		Outputs: []graph.Value{{Name: "has_nsfw_concepts", Type: 9, Dims: []int{0}}},
	}
}

// TestConceptNames: concepts have the names of config.json where there is one for each, else numbers.
func TestConceptNames(t *testing.T) {
	t.Parallel()
	if got := conceptName([]string{"skull", "spider"}, 1, 2); got != "spider" {
		t.Errorf("got %q, want the second name", got)
	}
	if got := conceptName([]string{"skull"}, 1, 2); got != "concept 2" {
		t.Errorf("got %q, want a number", got)
	}
}

// TestPreprocessorSettings: old and new forms of preprocessor_config.json, in the checker's folder and beside it.
func TestPreprocessorSettings(t *testing.T) {
	t.Parallel()
	const own, beside = "safety_checker/preprocessor_config.json", "feature_extractor/preprocessor_config.json"
	cases := map[string]struct {
		file, data     string
		shortest, side int
		mean           float32
		fault          string
	}{
		"none":           {"other", "", 8, 8, 0.48145466, ""},
		"old":            {beside, `{"size":10,"crop_size":8,"resample":3}`, 10, 8, 0.48145466, ""},
		"new":            {own, `{"size":{"shortest_edge":9},"crop_size":{"height":9,"width":9}}`, 9, 9, 0.48145466, ""},
		"means":          {own, `{"image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5]}`, 8, 8, 0.5, ""},
		"no means":       {own, `{"do_normalize":false}`, 8, 8, 0, ""},
		"a zero":         {own, `{"image_mean":[0,0,0],"image_std":[0,1,1]}`, 0, 0, 0, "image_std"},
		"an oblong":      {own, `{"size":{"height":9,"width":8}}`, 0, 0, 0, "want a square"},
		"a larger crop":  {own, `{"size":8,"crop_size":9}`, 0, 0, 0, "crop_size 9"},
		"another filter": {own, `{"resample":4}`, 0, 0, 0, "resample 4"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			onnxtest.WriteFile(t, dir, c.file, c.data)
			p, err := readPreprocessor(filepath.Join(dir, Part), 8)
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) {
					t.Errorf("got %v, want an error about %s", err, c.fault)
				}
				return
			}
			if err != nil || p.shortest != c.shortest || p.side != c.side || p.mean[0] != c.mean {
				t.Errorf("got %+v, %v, want %d, %d and a mean of %v", p, err, c.shortest, c.side, c.mean)
			}
		})
	}
}

// TestPrepareCutsTheMiddle: of a wide image the middle square counts.
func TestPrepareCutsTheMiddle(t *testing.T) {
	t.Parallel()
	img := image.NewNRGBA(image.Rect(5, 7, 5+48, 7+16))
	for y := range 16 {
		for x := range 48 {
			c := color.NRGBA{R: 255, A: 255}
			if x >= 16 && x < 32 {
				c = color.NRGBA{B: 255, A: 255}
			}
			img.SetNRGBA(5+x, 7+y, c)
		}
	}
	p := clipPreprocessor(16)
	got, err := p.prepare(img)
	if err != nil {
		t.Fatal(err)
	}
	middle := got.Data[8*16+8]
	if want := (0 - p.mean[0]) / p.std[0]; math.Abs(float64(middle-want)) > 1e-6 {
		t.Errorf("red in the middle: got %v, want %v", middle, want)
	}
	if want, blue := (1-p.mean[2])/p.std[2], got.Data[2*256]; math.Abs(float64(blue-want)) > 1e-6 {
		t.Errorf("blue at the corner: got %v, want %v", blue, want)
	}
}

// TestOpenFindsTheFolder: a model folder, its safety_checker and the file in it are the same checker.
func TestOpenFindsTheFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	onnxtest.WriteFile(t, dir, "safety_checker/model.onnx", fileOf(comparing()))
	onnxtest.WriteFile(t, dir, "safety_checker/config.json", `{"image_size":8,"concepts":["skull","spider"]}`)
	for _, path := range []string{"", "safety_checker", "safety_checker/model.onnx"} {
		m, err := Open(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(m.Path)
		if err != nil || m.Bytes != info.Size() || !m.Light() || m.Network.Outputs[0].Dims[1] != 2 {
			t.Errorf("%q: got %+v, want the checker of two concepts", path, m)
		}
	}
}
