//go:build cgo

package pipeline_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/family"
	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
)

const demo = "../demo/postcards"

func writeFile(t *testing.T, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tinyFolder writes a folder of small networks with the demo model's tokenizer, which makes it whole.
func tinyFolder(t *testing.T, f onnxtest.Folder) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := f.Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vocab.json", "merges.txt"} {
		data, err := os.ReadFile(filepath.Join(demo, "tokenizer", name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, "tokenizer", name), string(data))
	}
	return dir
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{demo, tinyFolder(t, onnxtest.Folder{})} {
		if _, err := pipeline.Open(dir); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
	for name, c := range map[string]struct{ file, data, want string }{
		"a tokenizer that cannot be read": {"tokenizer/vocab.json", "{", "vocab.json"},
		"a tokenizer of shorter chunks": {
			"tokenizer/tokenizer_config.json", `{"model_max_length":64}`, "chunks of 64 tokens, want 77",
		},
		"an unknown spacing": {
			"scheduler/scheduler_config.json", `{"timestep_spacing":"wide"}`, `timestep spacing "wide"`,
		},
		"a distilled schedule too long": {
			"scheduler/scheduler_config.json", `{"original_inference_steps":2000}`, "2000 original inference steps",
		},
		"a card with too many steps":     {"darkroom.json", `{"defaults":{"steps":100000}}`, "100000 steps, want 1 to 150"},
		"a card with an unknown sampler": {"darkroom.json", `{"defaults":{"sampler":"magic"}}`, `sampler "magic"`},
		"a card that outpaints by more than all": {
			"darkroom.json", `{"outpaint":{"strength":1.5}}`, "outpaint: strength 1.5 and guidance 0, want 0 to 1",
		},
		"a card with too many few steps": {
			"darkroom.json", `{"few_steps":{"steps":100000}}`, "few_steps: 100000 steps, want 1 to 150",
		},
		"a card hurried by nothing known": {
			"darkroom.json", `{"few_steps":{"sampler":"magic"}}`, `few_steps: sampler "magic"`,
		},
		"a card with an odd size in few": {
			"darkroom.json", `{"few_steps":{"width":64,"height":72}}`, "size 64×72, want multiples of 64",
		},
		"a card with negative guidance": {"darkroom.json", `{"defaults":{"guidance":-1}}`, "guidance -1"},
		"a card with a size that cannot be halved": {"darkroom.json", `{"sizes":[{"width":64,"height":72}]}`,
			"size 64×72, want multiples of 64"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tinyFolder(t, onnxtest.Folder{})
			writeFile(t, filepath.Join(dir, c.file), c.data)
			_, err := pipeline.Open(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want %q and the folder in it", err, c.want)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	f, err := pipeline.Open(demo)
	if err != nil {
		t.Fatal(err)
	}
	c := pipeline.Config(f.Config)
	if c.SizeMultiple != 16 || c.FixedSize || c.SkippableLayers != 3 || c.Family != family.SD1 || c.PixelsPerLatent != 8 {
		t.Errorf("the demo model: got %+v, want multiples of 16, any size, three layers that can be skipped", c)
	}
	if !c.Sampler.RungeKutta || c.Sampler.OriginalSteps != 0 {
		t.Errorf("a folder without skip_prk_steps: got %+v, want PNDM to begin with Runge and Kutta's steps", c.Sampler)
	}
	dir := tinyFolder(t, onnxtest.Folder{})
	writeFile(
		t, filepath.Join(dir, "scheduler", "scheduler_config.json"),
		`{"skip_prk_steps":true,"original_inference_steps":25}`,
	)
	if f, err = pipeline.Open(dir); err != nil {
		t.Fatal(err)
	}
	if c := pipeline.Config(f.Config).Sampler; c.RungeKutta || c.OriginalSteps != 25 {
		t.Errorf("skip_prk_steps, distilled on 25 steps: got %+v", c)
	}
	if f, err = pipeline.Open(tinyFolder(t, onnxtest.Folder{Side: 3})); err != nil {
		t.Fatal(err)
	}
	if c := pipeline.Config(f.Config); c.SizeMultiple != 8 || !c.FixedSize {
		t.Errorf("one size: got %+v, want it fixed, in multiples of 8", c)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	e := pipelinetest.Load(t, demo)
	f := e.Folder
	spec := picture.Spec{
		Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model: picture.Ref{Name: f.Name, Hash: f.Hash}, Prompt: "a red boat", Width: 80, Height: 64, Seed: 1, Count: 1,
		Steps: 1, GuidanceScale: 1, Sampler: "ddim",
	}
	if _, err := e.Render(t.Context(), spec, render.Job{}); err != nil {
		t.Errorf("a multiple of 16: %v", err)
	}
	spec.Width = 88
	if _, err := e.Render(t.Context(), spec, render.Job{}); err == nil ||
		!strings.Contains(err.Error(), "multiples of 16") {
		t.Errorf("a multiple of 8 only: got %v, want to hear of 16", err)
	}
	if _, err := pipeline.Load(t.Context(), f, onnx.Device{Kind: "none"}, nil); err == nil ||
		!strings.Contains(err.Error(), f.Dir) {
		t.Errorf("no such device: got %v, want the folder in it", err)
	}
}
