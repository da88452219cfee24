//go:build cgo

package similarity_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/filehash"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/similarity"
)

// writeLayout writes a CLIP in a layout and returns its path.
func writeLayout(t *testing.T, layout string) string {
	t.Helper()
	return layouts[layout](t, readGolden(t).Towers["CLIP-L"], t.TempDir())
}

// without lists the weights that are left when some are taken away.
func without(all []named, names ...string) (rest []named) {
	for _, x := range all {
		gone := false
		for _, name := range names {
			gone = gone || strings.Contains(x.name, name)
		}
		if !gone {
			rest = append(rest, x)
		}
	}
	return rest
}

// change rewrites a JSON file.
func change(t *testing.T, path string, by func(settings map[string]any)) {
	t.Helper()
	data, err := os.ReadFile(path)
	settings := map[string]any{}
	if err == nil {
		err = json.Unmarshal(data, &settings)
	}
	if err != nil {
		t.Fatal(err)
	}
	by(settings)
	if data, err = json.Marshal(settings); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, data)
}

// inside is a setting's object.
func inside(settings map[string]any, path ...string) map[string]any {
	for _, name := range path {
		settings = settings[name].(map[string]any)
	}
	return settings
}

func TestOpenRefusesWeights(t *testing.T) {
	t.Parallel()
	r := readGolden(t).Towers["CLIP-L"]
	whole := r.transformers(everything)
	for name, c := range map[string]struct {
		weights []named
		want    string
	}{
		"no image encoder": {without(r.transformers(everything), "vis"), "no image encoder"},
		"no text encoder":  {without(r.transformers(everything), "text"), "no text encoder"},
		"a text projection": {
			without(r.transformers(everything), "text_projection"), "text encoder has no text_projection",
		},
		"an image projection": {without(r.transformers(everything), "visual_proj"), "image encoder has no visual_projection"},
		"a layer's weight": {
			without(r.transformers(everything), "vision_model.encoder.layers.1.mlp.fc1.weight"), "image encoder: ",
		},
		"all layers":      {without(r.transformers(everything), "text_model.encoder"), "text encoder: no layers"},
		"the class token": {without(r.transformers(everything), "class_embedding"), "image encoder: "},
		"positions": {append(without(r.transformers(everything), "vision_model.embeddings.position"), named{
			"vision_model.embeddings.position_embedding.weight", []int{16, 32}, make([]float32, 512),
		}), "16 positions for patches of [7 7]"},
		"a text of many tokens": {append(without(whole, "text_model.embeddings.position"), named{
			"text_model.embeddings.position_embedding.weight", []int{2000, 24}, make([]float32, 48000),
		}), "a text encoder of 2000 tokens, want at most 1024"},
		"an image of many patches": {append(without(whole, "vision_model.embeddings.position"), named{
			"vision_model.embeddings.position_embedding.weight", []int{300*300 + 1, 32}, make([]float32, (300*300+1)*32),
		}), "images of 2100×2100 pixels, want sides of 1 to 2048"},
		"two widths": {append(without(whole, "text_projection"), named{
			"text_projection.weight", []int{8, 24}, make([]float32, 192),
		}), "images become 16 numbers and texts 8"},
		"another architecture": {append(slices.Clip(whole), named{
			"visual.trunk.blocks.0.attn.qkv.weight", []int{2, 2}, make([]float32, 4),
		}), "1 of its tensors are of no known use (visual.trunk.blocks.0.attn.qkv.weight)"},
		"another vocabulary": {append(without(whole, "token_embedding"), named{
			"text_model.embeddings.token_embedding.weight", []int{1700, 24}, make([]float32, 1700*24),
		}), "knows 1700 tokens, and its tokenizer's last one has the number 1707"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeLayout(t, "folder of transformers")
			writeWeights(t, dir+"/model.safetensors", false, c.weights)
			wantRefusal(t, dir, c.want)
		})
	}
}

func wantRefusal(t *testing.T, path, want string) {
	t.Helper()
	_, err := similarity.Open(path)
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line that tells: %s", err, want)
	}
	if err != nil && strings.Count(err.Error(), filepath.Dir(path)) != 1 {
		t.Errorf("got %v, want its path once", err)
	}
}

func TestOpenRefusesSettings(t *testing.T) {
	t.Parallel()
	const config, openClip = "config.json", "open_clip_config.json"
	for name, c := range map[string]struct {
		layout, file string
		by           func(settings map[string]any)
		want         string
	}{
		"activation": {"folder of transformers", config, func(s map[string]any) {
			inside(s, "text_config")["hidden_act"] = "relu"
		}, `hidden_act "relu", want quick_gelu or gelu`},
		"epsilon": {"folder of transformers", config, func(s map[string]any) {
			inside(s, "vision_config")["layer_norm_eps"] = 1e-6
		}, "layer_norm_eps 1e-06"},
		"heads": {"folder of transformers", config, func(s map[string]any) {
			inside(s, "vision_config")["num_attention_heads"] = 5
		}, "a width of 32 for 5 heads"},
		"kind": {
			"folder of transformers", config, func(s map[string]any) { s["model_type"] = "siglip" },
			`model_type "siglip", want clip`,
		},
		"no numbers": {
			"folder of transformers", config, func(s map[string]any) { s["vision_config"] = 3 }, "config.json: json",
		},
		"a pool of open_clip": {"file of open_clip", openClip, func(s map[string]any) {
			inside(s, "model_cfg", "vision_cfg")["pool_type"] = "avg"
		}, `pool_type "avg", want "tok"`},
		"another tower of open_clip": {"file of open_clip", openClip, func(s map[string]any) {
			inside(s, "model_cfg", "vision_cfg")["timm_model_name"] = "vit_base"
		}, `timm_model_name: "vit_base", which is not supported`},
		"heads of open_clip": {"file of open_clip", openClip, func(s map[string]any) {
			inside(s, "model_cfg", "vision_cfg")["head_width"] = 7
		}, "head_width 7 for a width of 32"},
		"a filter of open_clip": {"file of open_clip", openClip, func(s map[string]any) {
			s["preprocess_cfg"] = map[string]any{"interpolation": "random"}
		}, `filter "random"`},
		"a resize of open_clip": {"file of open_clip", openClip, func(s map[string]any) {
			s["preprocess_cfg"] = map[string]any{"resize_mode": "longest"}
		}, `resize_mode "longest"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := writeLayout(t, c.layout)
			dir := strings.TrimSuffix(path, "/any-name.safetensors")
			change(t, filepath.Join(dir, c.file), c.by)
			wantRefusal(t, path, c.want)
		})
	}
}

func TestOpenRefusesFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, data, want string }{
		"no such path":    {"", "", "no such file"},
		"a pickle":        {"clip.pt", "x", "Python pickles"},
		"a web page":      {"clip.safetensors", "<!doctype html><html><body>login</body></html>", "a web page"},
		"an empty folder": {"sub/readme.txt", "x", "no CLIP in it: want image_encoder and text_encoder"},
		"another network": {
			"sub/model.onnx", tinyONNX(graph.Value{Name: "sample"}, graph.Value{Name: "out"}), "no CLIP in it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), c.path)
			if c.path == "" {
				path += "-not-there"
			} else {
				writeFile(t, path, []byte(c.data))
			}
			if strings.Contains(c.path, "sub/") {
				path = filepath.Dir(path)
			}
			wantRefusal(t, path, c.want)
		})
	}
}

// TestGuess: a lone file is taken for one of OpenAI's or LAION's by its size, and says so.
func TestGuess(t *testing.T) {
	t.Parallel()
	path := writeLayout(t, "file of open_clip")
	if err := os.Remove(filepath.Join(filepath.Dir(path), "open_clip_config.json")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(filepath.Dir(path), "config.json"), []byte(`{"_class_name": "something else"}`))
	m, err := similarity.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Notes) != 1 || !strings.Contains(m.Notes[0], "taken for one of OpenAI's") {
		t.Errorf("got the notes %q, want one that tells of OpenAI's", m.Notes)
	}
}

func hashOf(t *testing.T, path string) string {
	t.Helper()
	return openModel(t, path).Hash
}

// TestHash: everything that decides a vector changes the hash, and nothing else does.
func TestHash(t *testing.T) {
	t.Parallel()
	want := hashOf(t, writeLayout(t, "folder of transformers"))
	r := readGolden(t).Towers["CLIP-L"]
	for name, c := range map[string]struct {
		by   func(dir string)
		same bool
	}{
		"another place":    {func(string) {}, true},
		"a file of no use": {func(dir string) { writeFile(t, dir+"/README.md", []byte("x")) }, true},
		"a config that moved": {
			func(dir string) { change(t, dir+"/config.json", func(s map[string]any) { s["x"] = 1 }) }, true,
		},
		"preprocessing said aloud": {func(dir string) {
			writeFile(t, dir+"/preprocessor_config.json", []byte(`{"size": 28, "crop_size": 28}`))
		}, true},
		"other preprocessing": {func(dir string) {
			writeFile(t, dir+"/preprocessor_config.json", []byte(`{"size": 32, "crop_size": 28}`))
		}, false},
		"another activation": {func(dir string) {
			change(t, dir+"/config.json", func(s map[string]any) { inside(s, "vision_config")["hidden_act"] = "gelu" })
		}, false},
		"other heads": {func(dir string) {
			change(t, dir+"/config.json", func(s map[string]any) { inside(s, "text_config")["num_attention_heads"] = 6 })
		}, false},
		"another weight": {func(dir string) {
			all := r.transformers(everything)
			all[5].numbers[0]++
			writeWeights(t, dir+"/model.safetensors", false, all)
		}, false},
		"another word": {func(dir string) {
			data, err := os.ReadFile(dir + "/merges.txt")
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(string(data), "\n")
			writeFile(t, dir+"/merges.txt", []byte(strings.Join(append(lines[:100:100], lines[101:]...), "\n")))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeLayout(t, "folder of transformers")
			c.by(dir)
			if got := hashOf(t, dir); (got == want) != c.same {
				t.Errorf("got %.12s, before it was %.12s, want the same: %v", got, want, c.same)
			}
		})
	}
}

// TestHashGoneFile: a file that goes before it is hashed is an error.
func TestHashGoneFile(t *testing.T) {
	t.Parallel()
	dir := writeLayout(t, "folder of transformers")
	m, err := similarity.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir + "/model.safetensors"); err != nil {
		t.Fatal(err)
	}
	if err := m.HashFiles(filehash.Open(""), nil); !errors.Is(err, os.ErrNotExist) || m.Hash != "" {
		t.Errorf("got %v and the hash %q, want os.ErrNotExist and none", err, m.Hash)
	}
}

// tinyONNX is a network of a CLIP in an ONNX file, but for what a test changes.
func tinyONNX(in, out graph.Value) string {
	m := onnxtest.Model{
		Nodes:  []onnxtest.Node{{Op: "Identity", In: []string{in.Name}, Out: []string{out.Name}}},
		Inputs: []graph.Value{in}, Outputs: []graph.Value{out},
	}
	return string(m.Encode())
}

func TestOpenONNX(t *testing.T) {
	t.Parallel()
	pixels := graph.Value{Name: "pixel_values", Type: graph.Float, Dims: []int{0, 3, 28, 28}}
	ids := graph.Value{Name: "input_ids", Type: graph.Int64, Dims: []int{0, 0}}
	image := graph.Value{Name: "image_embeds", Type: graph.Float, Dims: []int{0, 16}}
	text := graph.Value{Name: "text_embeds", Type: graph.Float, Dims: []int{0, 16}}
	free := func(v graph.Value, name string, dims ...int) graph.Value { v.Name, v.Dims = name, dims; return v }
	good := map[string]string{
		"onnx/vision_model.onnx": tinyONNX(pixels, image),
		"onnx/text_model.onnx":   tinyONNX(ids, text),
	}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(good)
		maps.Copy(all, more)
		return all
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  string // empty for one that opens
	}{
		"transformers.js": {good, ""},
		"sizes from configs": {with(map[string]string{
			"onnx/vision_model.onnx": tinyONNX(free(pixels, pixels.Name, 0, 3, 0, 0), free(image, image.Name, 0, 0)),
			"config.json":            `{"image_size": 28, "projection_dim": 16}`,
		}), ""},
		"diffusers, where the second text encoder fits": {map[string]string{
			"image_encoder/model.onnx":  good["onnx/vision_model.onnx"],
			"text_encoder/model.onnx":   tinyONNX(ids, free(text, "last_hidden_state", 0, 77, 16)),
			"text_encoder_2/model.onnx": good["onnx/text_model.onnx"],
		}, ""},
		"one network of both": {map[string]string{"model.onnx": string(onnxtest.Model{
			Nodes: []onnxtest.Node{
				{Op: "Identity", In: []string{pixels.Name}, Out: []string{image.Name}},
				{Op: "Identity", In: []string{ids.Name}, Out: []string{text.Name}},
			},
			Inputs: []graph.Value{pixels, ids}, Outputs: []graph.Value{image, text},
		}.Encode())}, "one network for images and texts together"},
		"no projection": {map[string]string{
			"image_encoder/model.onnx": good["onnx/vision_model.onnx"],
			"text_encoder/model.onnx":  tinyONNX(ids, free(text, "last_hidden_state", 0, 77, 16)),
		}, "want the output text_embeds"},
		"sizes that nobody says": {with(map[string]string{
			"onnx/vision_model.onnx": tinyONNX(free(pixels, pixels.Name, 0, 3, 0, 0), image),
		}), "image_size in config.json"},
		"a width that nobody says": {with(map[string]string{
			"onnx/text_model.onnx": tinyONNX(ids, free(text, text.Name, 0, 0)),
		}), "projection_dim in config.json"},
		"two widths": {with(map[string]string{
			"onnx/text_model.onnx": tinyONNX(ids, free(text, text.Name, 0, 8)),
		}), "images become 16 numbers and texts 8"},
		"another input": {with(map[string]string{
			"onnx/text_model.onnx": tinyONNX(free(ids, "tokens", 0, 77), text),
		}), "want input_ids alone"},
		"another output": {with(map[string]string{
			"onnx/vision_model.onnx": tinyONNX(pixels, free(image, "pooler_output", 0, 16)),
		}), "want the output image_embeds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			copyTokenizer(t, dir)
			for file, data := range c.files {
				writeFile(t, filepath.Join(dir, filepath.FromSlash(file)), []byte(data))
			}
			if c.want != "" {
				wantRefusal(t, dir, c.want)
				return
			}
			if m := openModel(t, dir); m.Width != 16 || m.Preprocessor.Size != [2]int{28, 28} {
				t.Errorf("got %d numbers of images of %v, want 16 of 28×28", m.Width, m.Preprocessor.Size)
			}
		})
	}
}
