//go:build cgo

package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"darkroom/config"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
)

// goldenModel puts a tiny pipeline that can be rendered with below a directory of models, with another scheduler.
func goldenModel(t *testing.T, models, name, scheduler string) string {
	t.Helper()
	dir := filepath.Join(models, name)
	if err := os.Rename(goldentest.Model(t, goldentest.SD1), dir); err != nil {
		t.Fatal(err)
	}
	onnxtest.WriteFile(t, dir, "scheduler/scheduler_config.json",
		`{"beta_start":0.00085,"beta_end":0.012,"beta_schedule":"scaled_linear",`+scheduler+`}`)
	return dir
}

// TestModelsTellsTheScheduler: a folder's own scheduler is the default, and what is not followed of it is named.
func TestModelsTellsTheScheduler(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	for scheduler, want := range map[string]string{
		`"_class_name":"UniPCMultistepScheduler","solver_order":3,"use_karras_sigmas":true`: "sampler unipc_karras",
		// PNDM's Runge-Kutta steps are at least four.
		`"_class_name":"PNDMScheduler","skip_prk_steps":false`: "sampler pndm",
	} {
		models := t.TempDir()
		goldenModel(t, models, "little", scheduler)
		code, out, errs := call(t, "models", "check", "--models", models, "little")
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("check of %s: got %d, %q, %q, want %q", scheduler, code, out, errs, want)
		}
		const note = "not followed: scheduler_config.json: solver_order 3, the sampler has 2"
		if names := strings.Contains(out, "little: "+note); names != strings.Contains(scheduler, "solver_order") {
			t.Errorf("check of %s: got %q, want %q only where it says so", scheduler, out, note)
		}
		if !strings.Contains(scheduler, "solver_order") {
			continue
		}
		if _, line := runDoctor(t, "model", t.TempDir(), nil, "--models", models); !strings.Contains(line, note) {
			t.Errorf("doctor: got %q, want %q", line, note)
		}
	}
}

// TestDrawWithTokenizerJSON: a tokenizer saved as tokenizer.json alone draws the same picture.
func TestDrawWithTokenizerJSON(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	dir := goldenModel(t, t.TempDir(), "little", `"_class_name":"DDIMScheduler"`)
	draw := func() image.Image {
		out := filepath.Join(t.TempDir(), "out.png")
		code, _, errs := call(t, "draw", "a red boat", "--model", dir, "--seed", "3", "--steps", "1", "--out", out)
		if code != exitOK {
			t.Fatal(errs)
		}
		img, err := png.Decode(bytes.NewReader(readFile(t, out)))
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	want := draw()
	saveTokenizerJSON(t, filepath.Join(dir, "tokenizer"))
	if got := draw(); !reflect.DeepEqual(got, want) {
		t.Error("got another picture than with vocab.json and merges.txt")
	}
}

// saveTokenizerJSON puts tokenizer.json in the place of vocab.json and merges.txt, as transformers 5 does.
func saveTokenizerJSON(t *testing.T, dir string) {
	t.Helper()
	var vocab map[string]int
	merges := readFile(t, filepath.Join(dir, "merges.txt"))
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "vocab.json")), &vocab); err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	for line := range strings.Lines(string(merges)) {
		if two := strings.Fields(line); !strings.HasPrefix(line, "#version") && len(two) == 2 {
			lines = append(lines, two)
		}
	}
	text, err := json.Marshal(map[string]any{"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": lines}})
	if err != nil {
		t.Fatal(err)
	}
	onnxtest.WriteFile(t, dir, "tokenizer.json", string(text))
	for _, name := range []string{"vocab.json", "merges.txt"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestModelsNamesWhatItRefuses: nobody is left to wonder where a file is.
func TestModelsNamesWhatItRefuses(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	models := t.TempDir()
	onnxtest.WriteFile(t, models, "v1-5.ckpt", "x")
	const want = "v1-5.ckpt\": a pickle"
	for _, command := range []string{"list", "check"} {
		if code, out, errs := call(t, "models", command, "--models", models); code != exitFailure ||
			!strings.Contains(errs, want) || !strings.Contains(out, "postcards") {
			t.Errorf("%s: got %d, %q, %q, want the demo model and %q", command, code, out, errs, want)
		}
	}
	if code, line := runDoctor(t, "model", t.TempDir(), nil, "--models", models); code != exitFailure {
		t.Errorf("doctor: got %d, %q", code, line)
	}
	var all bytes.Buffer
	for _, f := range checkModels(config.Runtime{ModelsDir: models}, onnx.Device{Kind: onnx.CPU}) {
		if err := f.print(&all); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(all.String(), want) {
		t.Errorf("doctor: got %q, want %q", &all, want)
	}
}

// TestListedNameIsAccepted: what `models list` prints first is a name for --model.
func TestListedNameIsAccepted(t *testing.T) {
	t.Parallel()
	models := t.TempDir()
	onnxtest.WriteFile(t, goldenModel(t, models, "little", `"_class_name":"DDIMScheduler"`), "darkroom.json",
		`{"name":"Harbour XL"}`)
	if code, out, errs := call(t, "models", "list", "--models", models); code != exitOK ||
		!strings.HasPrefix(out, "Harbour XL  ") {
		t.Fatalf("got %d, %q, %q", code, out, errs)
	}
	for _, name := range []string{"Harbour XL", "little"} {
		if code, _, errs := call(t, "prompt", "a boat", "--models", models, "--model", name); code != exitOK {
			t.Errorf("--model %s: got %d, %q", name, code, errs)
		}
	}
}
