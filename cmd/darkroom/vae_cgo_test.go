//go:build cgo

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/encode"
	"darkroom/render/golden/goldentest"
)

// TestCheckpointWithoutVAE: a checkpoint without a VAE is told of, listed with the one that it takes, and drawn with it
// or with the one that somebody names.
func TestCheckpointWithoutVAE(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	models := t.TempDir()
	put := func(golden, name string) {
		t.Helper()
		to := filepath.Join(models, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.Link(goldentest.Checkpoint(t, golden), to))
		if err != nil {
			t.Fatal(err)
		}
	}
	draw := func(more ...string) (vae string, file []byte, errs string) {
		t.Helper()
		out := filepath.Join(t.TempDir(), "a.png")
		args := []string{
			"draw",
			"a red boat",
			"--models",
			models,
			"--model",
			"boats",
			"--steps",
			"1",
			"--seed",
			"5",
			"--size",
			"64x64",
			"--out",
			out,
		}
		if code, _, errs := call(t, append(args, more...)...); code != exitOK {
			return "", nil, errs
		}
		file = readFile(t, out)
		text, err := encode.ReadParameters(file)
		if err != nil || text.VAE == nil {
			t.Fatalf("got %+v, %v, want a VAE in the text", text, err)
		}
		return text.VAE.Name, file, ""
	}
	put(goldentest.CheckpointNoVAE, "boats.safetensors")
	const want = "boats.safetensors: it has no VAE; want one for Stable Diffusion 1 and 2 in the folder vae"
	if _, _, errs := draw(); !strings.Contains(errs, want) {
		t.Errorf("without a VAE: got %q, want %q", errs, want)
	}
	if code, _, errs := call(t, "models", "list", "--models", models); code != exitFailure ||
		!strings.Contains(errs, want) {
		t.Errorf("list without a VAE: got %d, %q, want %q", code, errs, want)
	}
	put(goldentest.CheckpointVAE, "vae/xl.safetensors")
	if vae, _, errs := draw("--vae", "xl"); vae != "xl" {
		t.Errorf("the one that is named, of another family by its name: got %q, %q", vae, errs)
	}
	put(goldentest.CheckpointSD1, "vae/b.safetensors")
	code, out, errs := call(t, "models", "list", "--models", models)
	const listed = "Stable Diffusion 1, float32, VAE b (the first for Stable Diffusion 1 and 2 by name)"
	if code != exitOK || !strings.Contains(out, listed) {
		t.Errorf("list: got %d, %q, %q, want %q", code, out, errs, listed)
	}
	vae, own, errs := draw()
	other, named, errs2 := draw("--vae", "xl")
	if vae != "b" || other != "xl" || bytes.Equal(own, named) {
		t.Errorf("got the VAEs %q, %q and %q, %q, want b and xl with another image", vae, errs, other, errs2)
	}
}
