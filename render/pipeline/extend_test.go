package pipeline_test

import (
	"encoding/binary"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/addon/addontest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
)

const demoAddons = "../demo/addons"

// The demo's add-ons, by hashes of our own.
var demoFiles = pipelinetest.AddonFiles{
	hash("1"): filepath.Join(demoAddons, "lora", "stained-glass.safetensors"),
	hash("2"): filepath.Join(demoAddons, "hypernetworks", "sepia.safetensors"),
	hash("3"): filepath.Join(demoAddons, "embeddings", "kite.safetensors"),
}

func hash(digit string) string { return strings.Repeat(digit, 64) }

func glass(strength float64) picture.Addon {
	return picture.Addon{Kind: picture.LoRA, Name: "stained-glass", Hash: hash("1"), Strength: strength}
}

func sepia(strength float64) picture.Addon {
	return picture.Addon{Kind: picture.Hypernet, Name: "sepia", Hash: hash("2"), Strength: strength}
}

// latentsWith renders a small image with add-ons and returns its latents.
func latentsWith(t *testing.T, e *pipeline.Pipeline, addons ...picture.Addon) []float32 {
	t.Helper()
	s := smallSpec(e.Folder, 0)
	s.Addons = addons
	result, err := e.Render(t.Context(), s, render.Job{})
	if err != nil {
		t.Fatalf("%v: %v", addons, err)
	}
	return result.Latents.Data
}

// distance is the root of the mean of squares of differences.
func distance(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(a)))
}

// TestAddonsOfTheDemo switches the demo's LoRA and hypernetwork on, off, and together, on one loaded model.
func TestAddonsOfTheDemo(t *testing.T) {
	t.Parallel()
	for _, device := range []onnx.Device{
		{Kind: onnx.CPU, Threads: 2}, {Kind: onnx.CPU, Threads: 2, Mapped: true},
	} {
		e := pipelinetest.LoadWith(t, demo, device, demoFiles)
		plain := latentsWith(t, e)
		seen := [][]float32{plain}
		for _, addons := range [][]picture.Addon{
			{glass(1)}, {glass(0.5)}, {glass(-1)}, {sepia(1)}, {sepia(0.5)}, {glass(1), sepia(1)}, {glass(0.4), glass(0.4)},
		} {
			got := latentsWith(t, e, addons...)
			for _, other := range seen {
				if distance(got, other) < 1e-3 {
					t.Errorf("%+v changes nothing, or is as another", addons)
				}
			}
			seen = append(seen, got)
			if again := latentsWith(t, e, addons...); !slices.Equal(got, again) {
				t.Errorf("%+v gives other latents the second time", addons)
			}
		}
		for _, none := range [][]picture.Addon{{}, {glass(0)}, {glass(0), sepia(0)}} {
			if got := latentsWith(t, e, none...); !slices.Equal(plain, got) {
				t.Errorf("%+v is not the model alone", none)
			}
		}
	}
}

// TestEmbeddingOfTheDemo has the word kite mean the demo's embedding, with other add-ons and without, and only where
// the prompt has the word.
func TestEmbeddingOfTheDemo(t *testing.T) {
	t.Parallel()
	kite := picture.Addon{Kind: picture.Embedding, Name: "kite", Hash: hash("3")}
	e := pipelinetest.LoadWith(t, demo, onnx.Device{Kind: onnx.CPU, Threads: 2}, demoFiles)
	paint := func(prompt string, addons ...picture.Addon) []float32 {
		s := smallSpec(e.Folder, 0)
		s.Prompt, s.Addons = prompt, addons
		result, err := e.Render(t.Context(), s, render.Job{})
		if err != nil {
			t.Fatalf("%q with %v: %v", prompt, addons, err)
		}
		return result.Latents.Data
	}
	plain, with := paint("a kite at night"), paint("a kite at night", kite)
	if distance(plain, with) < 1e-3 {
		t.Error("kite changes nothing where the prompt has the word")
	}
	if far := distance(with, paint("a kite at night", kite, glass(0.5))); far < 1e-3 {
		t.Error("a LoRA changes nothing beside kite")
	}
	if again := paint("a kite at night"); !slices.Equal(plain, again) {
		t.Error("kite stays after it was left out")
	}
	if far := distance(paint("a boat at night"), paint("a boat at night", kite)); far > 1e-4 {
		t.Errorf("kite changes a prompt without the word by %v", far)
	}
	if upper := paint("a KITE at night", kite); !slices.Equal(with, upper) {
		t.Error("KITE is not kite")
	}
}

// TestLoRAStrengthsAddUp has two halves of a LoRA be the whole.
func TestLoRAStrengthsAddUp(t *testing.T) {
	t.Parallel()
	e := pipelinetest.LoadWith(t, demo, onnx.Device{Kind: onnx.CPU, Threads: 2}, demoFiles)
	plain, whole := latentsWith(t, e), latentsWith(t, e, glass(1))
	halves := latentsWith(t, e, glass(0.5), picture.Addon{
		Kind: picture.LoRA, Name: "stained-glass", Hash: hash("1"), Strength: 0.5,
	})
	if far, near := distance(plain, whole), distance(halves, whole); near > far/100 {
		t.Errorf("two halves are %v from the whole, which is %v from none", near, far)
	}
}

// TestAddonsThatAreGone refuses by name what is not here.
func TestAddonsThatAreGone(t *testing.T) {
	t.Parallel()
	e := pipelinetest.LoadWith(t, demo, onnx.Device{Kind: onnx.CPU, Threads: 2}, demoFiles)
	for _, a := range []picture.Addon{
		{Kind: picture.LoRA, Name: "ink", Hash: hash("9"), Strength: 1},
		{Kind: picture.Hypernet, Name: "ink", Hash: hash("9"), Strength: 1},
		{Kind: picture.Embedding, Name: "ink", Hash: hash("9"), Strength: 1},
	} {
		s := smallSpec(e.Folder, 0)
		s.Addons = []picture.Addon{a}
		var refusal *render.Refusal
		if _, err := e.Render(t.Context(), s, render.Job{}); !errors.As(err, &refusal) ||
			!strings.Contains(refusal.Sentence, "“ink” is not here") {
			t.Errorf("%s: got %v, want a refusal", a.Kind, err)
		}
	}
}

// TestCarriedEmbeddingByWidth: an embedding that a LoRA carries is used where its vectors are as wide as the model's,
// whichever family that width is usual in, and left out elsewhere.
func TestCarriedEmbeddingByWidth(t *testing.T) {
	t.Parallel()
	files := pipelinetest.AddonFiles{}
	for digit, width := range map[string]int{"4": 128, "5": 768} {
		data := make([]byte, 0, 4*width)
		for _, x := range addontest.Draw("kite", width, 1) {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
		path := filepath.Join(t.TempDir(), "carrier.safetensors")
		addontest.WriteFile(t, path, nil, map[string]addontest.Entry{
			"bundle_emb.kite.emb_params": {DType: "F32", Shape: []int{1, width}, Data: data},
		})
		files[hash(digit)] = path
	}
	e := pipelinetest.LoadWith(t, demo, onnx.Device{Kind: onnx.CPU, Threads: 2}, files)
	paint := func(addons ...picture.Addon) []float32 {
		s := smallSpec(e.Folder, 0)
		s.Prompt, s.Addons = "a kite at night", addons
		result, err := e.Render(t.Context(), s, render.Job{})
		if err != nil {
			t.Fatalf("with %v: %v", addons, err)
		}
		return result.Latents.Data
	}
	carrier := func(digit string) picture.Addon {
		return picture.Addon{Kind: picture.LoRA, Name: "carrier", Hash: hash(digit), Strength: 1}
	}
	plain := paint()
	if d := distance(plain, paint(carrier("4"))); d < 1e-3 {
		t.Errorf("an embedding of the model's width changes the image by %v", d)
	}
	if d := distance(plain, paint(carrier("5"))); d > 1e-4 {
		t.Errorf("an embedding of another width changes the image by %v", d)
	}
}
