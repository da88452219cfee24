//go:build cgo

package similarity_test

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/filehash"
	"darkroom/render/onnx"
	"darkroom/render/similarity"
	"darkroom/render/tensor"
)

// tolerance is how far a number of a vector may be from the reference's.
const tolerance = 1e-4

// golden is what the references make of images and texts; recipe/record.py made it.
type golden struct {
	Towers map[string]clipRecord `json:"towers"`
}

// clipRecord is a tiny CLIP and its vectors.
type clipRecord struct {
	Config   json.RawMessage      `json:"config"`
	OpenClip json.RawMessage      `json:"open_clip"`
	Half     bool                 `json:"half"`
	Weights  map[string][]int     `json:"weights"`
	Other    map[string]source    `json:"open_clip_weights"`
	Scale    float64              `json:"scale"`
	Images   map[string][]float64 `json:"images"`
	Texts    map[string][]float64 `json:"texts"`
}

// source says which weights of transformers a weight of open_clip is made of.
type source struct {
	Of     []string `json:"of"`
	Turned bool     `json:"turned"`
	Shape  []int    `json:"shape"`
}

func readGolden(t testing.TB) (g golden) {
	t.Helper()
	f, err := os.Open("testdata/golden.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err == nil {
		err = json.NewDecoder(z).Decode(&g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// numbers are uniform in −1..1, by the name of a weight: numbers of the recipe.
func numbers(name string, count int) []float64 {
	seed := uint32(2166136261)
	for _, b := range []byte(name) {
		seed = (seed ^ uint32(b)) * 16777619
	}
	out := make([]float64, count)
	for i := range out {
		x := seed + uint32(i)*2654435761
		for range 2 {
			x = (x ^ x>>16) * 0x45d9f3b
		}
		x ^= x >> 16
		out[i] = float64(x)/(1<<31) - 1
	}
	return out
}

func volume(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// weight is the weight of a canonical name: weight of the recipe.
func weight(name string, shape []int) []float32 {
	if name == "logit_scale" {
		return []float32{3.9}
	}
	out := make([]float32, volume(shape))
	for i, x := range numbers(name, len(out)) {
		switch {
		case strings.Contains(name, "norm") || strings.Contains(name, "layrnorm"):
			x *= 0.2
			if strings.HasSuffix(name, "weight") {
				x++
			}
		case strings.HasSuffix(name, "bias"):
			x *= 0.1
		case strings.Contains(name, "embedding") && !strings.Contains(name, "patch"):
			x *= 0.7
		default:
			x *= math.Sqrt(3 / float64(volume(shape[1:])))
		}
		out[i] = float32(x)
	}
	return out
}

// turned transposes a matrix.
func turned(numbers []float32, shape []int) []float32 {
	rows, columns := shape[0], shape[1]
	out := make([]float32, len(numbers))
	for i := range rows {
		for j := range columns {
			out[j*rows+i] = numbers[i*columns+j]
		}
	}
	return out
}

// named is a tensor of a file.
type named struct {
	name    string
	shape   []int
	numbers []float32
}

// transformers lists the weights in transformers' names, of which keep wants those.
func (r clipRecord) transformers(keep func(name string) bool) (all []named) {
	for _, name := range slices.Sorted(maps.Keys(r.Weights)) {
		if keep(name) {
			all = append(all, named{name, r.Weights[name], weight(name, r.Weights[name])})
		}
	}
	return all
}

func everything(string) bool { return true }

// openClip lists the weights in open_clip's names, with something before each.
func (r clipRecord) openClip(before func(name string) string) (all []named) {
	for _, name := range slices.Sorted(maps.Keys(r.Other)) {
		from := r.Other[name]
		var numbers []float32
		for _, of := range from.Of {
			part := weight(of, r.Weights[of])
			if from.Turned {
				part = turned(part, r.Weights[of])
			}
			numbers = append(numbers, part...)
		}
		all = append(all, named{before(name), from.Shape, numbers})
	}
	return all
}

// writeWeights writes a file of safetensors, in float16 where half says so.
func writeWeights(t testing.TB, path string, half bool, all []named) {
	t.Helper()
	head, data := map[string]any{}, []byte(nil)
	for _, x := range all {
		begin, kind := len(data), "F32"
		for _, v := range x.numbers {
			if half && len(x.shape) > 0 {
				kind, data = "F16", binary.LittleEndian.AppendUint16(data, tensor.ToFloat16(v))
				continue
			}
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		shape := x.shape
		if shape == nil {
			shape = []int{}
		}
		head[x.name] = map[string]any{"dtype": kind, "shape": shape, "data_offsets": []int{begin, len(data)}}
	}
	text, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	writeFile(t, path, append(append(file, text...), data...))
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// copyTokenizer writes the demo model's tokenizer, which the recipe used.
func copyTokenizer(t testing.TB, dir string) {
	t.Helper()
	for _, name := range []string{"vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"} {
		data, err := os.ReadFile(filepath.Join("../demo/postcards/tokenizer", name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), data)
	}
}

// layouts are the ways in which people have a CLIP. Each writes one and returns its path.
var layouts = map[string]func(t testing.TB, r clipRecord, dir string) string{
	"folder of transformers": func(t testing.TB, r clipRecord, dir string) string {
		writeWeights(t, dir+"/model.safetensors", r.Half, r.transformers(everything))
		writeFile(t, dir+"/config.json", r.Config)
		copyTokenizer(t, dir)
		return dir
	},
	"folder of transformers in two files": func(t testing.TB, r clipRecord, dir string) string {
		image := func(name string) bool { return strings.HasPrefix(name, "vis") }
		writeWeights(t, dir+"/model-00001-of-00002.safetensors", r.Half, r.transformers(image))
		text := func(name string) bool { return !image(name) }
		writeWeights(t, dir+"/model-00002-of-00002.safetensors", r.Half, r.transformers(text))
		writeFile(t, dir+"/config.json", r.Config)
		copyTokenizer(t, dir)
		return dir
	},
	"folder of diffusers": func(t testing.TB, r clipRecord, dir string) string {
		var config map[string]json.RawMessage
		if err := json.Unmarshal(r.Config, &config); err != nil {
			t.Fatal(err)
		}
		image := func(name string) bool { return strings.HasPrefix(name, "vis") }
		text := func(name string) bool { return strings.HasPrefix(name, "text") }
		writeWeights(t, dir+"/image_encoder/model.safetensors", r.Half, r.transformers(image))
		writeWeights(t, dir+"/text_encoder/model.safetensors", r.Half, r.transformers(text))
		writeFile(t, dir+"/image_encoder/config.json", config["vision_config"])
		writeFile(t, dir+"/text_encoder/config.json", config["text_config"])
		copyTokenizer(t, dir+"/tokenizer")
		return dir
	},
	"file of open_clip": func(t testing.TB, r clipRecord, dir string) string {
		writeWeights(t, dir+"/any-name.safetensors", r.Half, r.openClip(func(name string) string { return name }))
		writeFile(t, dir+"/open_clip_config.json", fmt.Appendf(nil, `{"model_cfg": %s}`, r.OpenClip))
		copyTokenizer(t, dir)
		return dir + "/any-name.safetensors"
	},
	"folder of open_clip, built of parts": func(t testing.TB, r clipRecord, dir string) string {
		writeWeights(t, dir+"/open_clip_model.safetensors", r.Half, r.openClip(func(name string) string {
			if strings.HasPrefix(name, "visual.") || name == "logit_scale" {
				return name
			}
			return "text." + name
		}))
		writeFile(t, dir+"/open_clip_config.json", fmt.Appendf(nil, `{"model_cfg": %s}`, r.OpenClip))
		copyTokenizer(t, dir)
		return dir
	},
}

// openModel opens and hashes a CLIP.
func openModel(t testing.TB, path string) *similarity.Model {
	t.Helper()
	m, err := similarity.Open(path)
	if err == nil {
		err = m.HashFiles(filehash.Open(""), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// load loads a CLIP, or skips the test where ONNX Runtime was not fetched.
func load(t testing.TB, m *similarity.Model) *similarity.Encoder {
	t.Helper()
	lib, err := onnx.FindLibrary("")
	if err != nil {
		t.Skipf("needs ONNX Runtime (make runtime): %v", err)
	}
	if err := onnx.Open(lib); err != nil {
		t.Fatal(err)
	}
	device := onnx.Device{Kind: onnx.CPU, Threads: 1}
	image, err := onnx.LoadNetwork(m.Image, device)
	if err != nil {
		t.Fatal(err)
	}
	text, err := onnx.LoadNetwork(m.Text, device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, n := range []*onnx.Network{image, text} {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return &similarity.Encoder{Model: m, Image: image, Text: text}
}

func openImage(t testing.TB, name string) image.Image {
	t.Helper()
	f, err := os.Open("testdata/images/" + name + ".png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestVectors: the vectors of images and texts are those of transformers and of open_clip, whatever files the weights
// lie in. One CLIP has one hash in files of one naming.
func TestVectors(t *testing.T) {
	t.Parallel()
	for name, r := range readGolden(t).Towers {
		for layout, write := range layouts {
			t.Run(name+" in a "+layout, func(t *testing.T) {
				t.Parallel()
				m := openModel(t, write(t, r, t.TempDir()))
				if math.Abs(m.Scale-r.Scale) > 1e-4*r.Scale && layout != "folder of diffusers" {
					t.Errorf("scale: got %v, want %v", m.Scale, r.Scale)
				}
				wantVectors(t, load(t, m), r)
			})
		}
	}
}

func wantVectors(t *testing.T, e *similarity.Encoder, r clipRecord) {
	t.Helper()
	for name, want := range r.Images {
		got, err := e.ImageVector(t.Context(), openImage(t, name))
		wantVector(t, "image "+name, got, err, e.Model.Hash, want)
	}
	for text, want := range r.Texts {
		got, err := e.TextVector(t.Context(), text)
		wantVector(t, fmt.Sprintf("text %.20q", text), got, err, e.Model.Hash, want)
	}
}

func wantVector(t *testing.T, what string, got similarity.Vector, err error, hash string, want []float64) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if got.CLIP != hash || len(got.Values) != len(want) {
		t.Fatalf("%s: got %d numbers of %.12s, want %d of %.12s", what, len(got.Values), got.CLIP, len(want), hash)
	}
	var far float64
	for i, x := range got.Values {
		far = max(far, math.Abs(float64(x)-want[i]))
	}
	if !(far <= tolerance) {
		t.Errorf("%s: %.1e from the reference, want at most %v; got %.5v, want %.5v", what, far, tolerance, got.Values, want)
	}
}
