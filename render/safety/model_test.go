package safety

import (
	"bytes"
	"encoding/binary"
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

func value(kind graph.Type, dims ...int) graph.Value { return graph.Value{Type: kind, Dims: dims} }

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	pixels := value(graph.Float, 0, 224, 224, 3)
	two := value(graph.Float, 0, 2)
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
		"another size":          {"checker.onnx", fileOf(classifier("Softmax", value(graph.Float, 0, 3, 299, 299), two)), "no known checker"},
		"five classes":          {"checker.onnx", fileOf(classifier("Softmax", pixels, value(graph.Float, 0, 5))), "no known checker"},
		"whole numbers":         {"checker.onnx", fileOf(classifier("Softmax", value(graph.Int64, pixels.Dims...), two)), "no known checker"},
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

// TestWeightsRefused: weights that are no safety checker, or not a whole one, and settings that it does not follow.
func TestWeightsRefused(t *testing.T) {
	t.Parallel()
	const weights, config = "model.safetensors", "config.json"
	for name, c := range map[string]struct {
		old, now, file, want string
	}{
		"no concepts":       {`"concept_embeds"`, `"concept_embads"`, weights, "concept_embads"},
		"no thresholds":     {`"special_care_embeds_weights"`, `"position_ids"`, weights, "no special_care_embeds_weights"},
		"no projection":     {`"visual_projection.weight"`, `"position_ids"`, weights, "no image encoder with a visual_"},
		"a part missing":    {`"vision_model.post_layernorm.bias"`, `"position_ids"`, weights, "post_layernorm.bias"},
		"another width":     {`[17,8]`, `[8,17]`, weights, "want vectors of 8 numbers"},
		"a GELU of its own": {`"quick_gelu"`, `"silu"`, config, `hidden_act "silu"`},
		"another epsilon":   {`"layer_norm_eps": 1e-05`, `"layer_norm_eps": 1e-06`, config, "layer_norm_eps 1e-06"},
		"odd heads":         {`"num_attention_heads": 2`, `"num_attention_heads": 3`, config, "3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, file := range []string{config, "preprocessor_config.json", weights} {
				onnxtest.CopyFile(t, "testdata/checker", file, dir, file)
			}
			onnxtest.Rewrite(t, filepath.Join(dir, c.file), func(data []byte) []byte {
				edited := bytes.ReplaceAll(data, []byte(c.old), []byte(c.now))
				if c.file == weights { // the header's length
					size := binary.LittleEndian.Uint64(data) + uint64(len(edited)-len(data))
					binary.LittleEndian.PutUint64(edited, size)
				}
				return edited
			})
			_, err := Open(dir)
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

// TestPreprocessorPlaces: the settings of the preprocessor are those in the checker's folder, else those beside it.
func TestPreprocessorPlaces(t *testing.T) {
	t.Parallel()
	const own, beside = "safety_checker/preprocessor_config.json", "feature_extractor/preprocessor_config.json"
	for name, c := range map[string]struct {
		files map[string]string
		mean  float64
	}{
		"none":     {nil, 0.48145466},
		"own":      {map[string]string{own: `{"image_mean":[0.5,0.5,0.5]}`, beside: `{"image_mean":[0.1,0.1,0.1]}`}, 0.5},
		"beside":   {map[string]string{beside: `{"image_mean":[0.1,0.1,0.1]}`}, 0.1},
		"of years": {map[string]string{beside: `{"size":10,"crop_size":8,"resample":3}`}, 0.48145466},
	} {
		dir := t.TempDir()
		for file, data := range c.files {
			onnxtest.WriteFile(t, dir, file, data)
		}
		if p, err := readPreprocessor(filepath.Join(dir, Part), 8); err != nil || p.Mean[0] != c.mean {
			t.Errorf("%s: got %+v, %v, want a mean of %v", name, p, err, c.mean)
		}
	}
	dir := t.TempDir()
	onnxtest.WriteFile(t, dir, own, `{"size":10,"crop_size":10}`)
	if _, err := readPreprocessor(filepath.Join(dir, Part), 8); err == nil || !strings.Contains(err.Error(), "reads 8×8") {
		t.Errorf("another size: got %v, want it refused", err)
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
