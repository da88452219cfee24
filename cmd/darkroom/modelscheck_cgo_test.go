//go:build cgo

package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/config"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
)

// damage makes the last number of a file of float16 or float32 weights none.
func damage(t *testing.T, path string) {
	t.Helper()
	data := readFile(t, path)
	binary.LittleEndian.PutUint32(data[len(data)-4:], 0x7fff7fff)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestCheckReadsEverything: without a name no add-on is passed over, and of a model no file.
func TestCheckReadsEverything(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	models := t.TempDir()
	lora := filepath.Join(models, "loras", "nan.safetensors")
	if err := os.MkdirAll(filepath.Dir(lora), 0o700); err != nil {
		t.Fatal(err)
	}
	demoAddon(t, "lora/stained-glass.safetensors", lora)
	damage(t, lora)
	split := filepath.Join(models, "split")
	if err := os.Rename(goldentest.Checkpoint(t, goldentest.CheckpointSD1Folder), split); err != nil {
		t.Fatal(err)
	}
	parts, err := filepath.Glob(filepath.Join(split, "vae", "*.safetensors"))
	if err != nil || len(parts) != 1 {
		t.Fatal(parts, err)
	}
	damage(t, parts[0])
	alone := filepath.Join(models, "alone.safetensors")
	if err := os.Rename(goldentest.Checkpoint(t, goldentest.CheckpointNoVAE), alone); err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(models, "alone.vae.safetensors")
	if err := os.Rename(goldentest.Checkpoint(t, goldentest.CheckpointVAE), beside); err != nil {
		t.Fatal(err)
	}
	damage(t, beside)
	code, out, errs := call(t, "models", "check", "--models", models)
	if code != exitFailure || !strings.Contains(out, "kite: good. embedding") ||
		!strings.Contains(out, "sepia: good. hypernetwork") || !strings.Contains(out, "postcards: good") {
		t.Errorf("got %d, %q, %q", code, out, errs)
	}
	for _, path := range []string{lora, parts[0], beside} {
		if strings.Count(errs, path) != 1 {
			t.Errorf("got %q, want %s once", errs, path)
		}
	}
	for name, path := range map[string]string{"nan": lora, "split": parts[0], "alone": beside} {
		if code, _, errs := call(t, "models", "check", "--models", models, name); code != exitFailure ||
			!strings.Contains(errs, path) || !strings.Contains(errs, "is damaged") {
			t.Errorf("check %s: got %d, %q, want %s", name, code, errs, path)
		}
	}
}

// TestMissingModelsFolder: a folder that was mistyped is told of.
func TestMissingModelsFolder(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "typo")
	for dir, want := range map[string]bool{none: true, t.TempDir(): false, usualModels: false} {
		code, _, errs := call(t, "models", "list", "--models", dir)
		if told := strings.Contains(errs, "does not exist"); code != exitOK || told != want {
			t.Errorf("%s: got %d, %q, want a note %v", dir, code, errs, want)
		}
	}
}

// TestGuessesAreCalledSo in lists and checks, and a broken add-on is no broken model.
func TestGuessesAreCalledSo(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	models := t.TempDir()
	model := filepath.Join(models, "v.safetensors")
	if err := os.Rename(goldentest.Checkpoint(t, goldentest.CheckpointSD2V), model); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(models, "loras"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(models, "loras", "zero.safetensors"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, out, errs := call(t, "models", "list", "--models", models)
	if !strings.Contains(out, "guess: a model that predicts velocity") || !strings.Contains(out, "KiB  LoRA  ") ||
		strings.Count(errs, "zero.safetensors") != 1 || !strings.Contains(errs, "the file is empty") {
		t.Errorf("list: got %q, %q", out, errs)
	}
	_, out, errs = call(t, "models", "check", "--models", models, "v")
	if !strings.Contains(out, "v: guess: v.safetensors") || strings.Contains(out, "not followed") {
		t.Errorf("check: got %q, %q", out, errs)
	}
	subjects := map[string]string{}
	for _, f := range checkModels(config.Runtime{ModelsDir: models}, onnx.Device{Kind: onnx.CPU}) {
		subjects[f.subject] += f.state + "\n"
	}
	if !strings.Contains(subjects["model"], "guess: v.safetensors") || !strings.Contains(subjects["LoRA"], "is empty") {
		t.Errorf("doctor: got %q", subjects)
	}
}
