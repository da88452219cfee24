//go:build cgo

package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"darkroom/render/encode"
)

// TestDrawWithAddons draws with the demo model's own add-ons: by a tag, by an option, by a word, and not at all.
func TestDrawWithAddons(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	dir := t.TempDir()
	drawn := func(prompt string, more ...string) (pixels any, text encode.Parameters) {
		t.Helper()
		path := filepath.Join(dir, "a.png")
		args := append([]string{"draw", prompt, "--steps", "2", "--seed", "5", "--force", "--out", path}, more...)
		if code, _, stderr := call(t, args...); code != exitOK || stderr != "" {
			t.Fatalf("%q %q: got %d and %q", prompt, more, code, stderr)
		}
		file := readFile(t, path)
		img, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		text, err = encode.ReadParameters(file)
		if err != nil {
			t.Fatal(err)
		}
		return img, text
	}
	plain, _ := drawn("a red boat")
	tagged, text := drawn("a red boat <lora:stained-glass:0.8>")
	if len(text.Addons) != 1 || text.Addons[0].Name != "stained-glass" || len(text.Addons[0].Hash) != 12 {
		t.Errorf("the text names %+v, want the LoRA with its hash", text.Addons)
	}
	option, text := drawn("a red boat", "--lora", "Stained-Glass.safetensors:0.8")
	if text.Prompt != "a red boat <lora:stained-glass:0.8>" {
		t.Errorf("got the prompt %q, want the option as a tag", text.Prompt)
	}
	none, _ := drawn("a red boat <lora:stained-glass:0>")
	fog, _ := drawn("a red boat <hypernet:sepia:1>")
	if !reflect.DeepEqual(tagged, option) || !reflect.DeepEqual(plain, none) {
		t.Error("want the same image by tag and by option, and that of no LoRA at strength 0")
	}
	if reflect.DeepEqual(plain, tagged) || reflect.DeepEqual(plain, fog) {
		t.Error("want another image with a LoRA, and with a hypernetwork")
	}
	word, text := drawn("a kite")
	marked, _ := drawn("a embedding:kite")
	if len(text.Addons) != 1 || text.Addons[0].Name != "kite" || !reflect.DeepEqual(word, marked) {
		t.Errorf("got %+v, want the embedding by its name, the same as in ComfyUI's notation", text.Addons)
	}
	code, _, stderr := call(t, "draw", "a red boat <lora:stainedglass>", "--out", dir)
	if code == exitOK || !strings.Contains(stderr, "There is no LoRA “stainedglass”. Did you mean stained-glass?") {
		t.Errorf("an unknown name: got %d and %q", code, stderr)
	}
}

// TestDrawTellsWhyAnAddonIsUnusable: a broken file that is named is not unknown, in whatever case it is named.
func TestDrawTellsWhyAnAddonIsUnusable(t *testing.T) {
	t.Parallel()
	models := t.TempDir()
	if err := os.MkdirAll(filepath.Join(models, "loras"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(models, "loras", "cut.safetensors")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "a.png")
	for _, tag := range []string{"<lora:cut:1>", "<lora:Cut:1>"} {
		code, _, errs := call(t, "draw", "a boat "+tag, "--models", models, "--out", out)
		if code != exitFailure || !strings.Contains(errs, path+": no safetensors file") {
			t.Errorf("%s: got %d, %q, want the reason", tag, code, errs)
		}
	}
	if code, _, errs := call(t, "draw", "a boat <lora:cu:1>", "--models", models, "--out", out); code != exitFailure ||
		!strings.Contains(errs, "no LoRA “cu”") || strings.Contains(errs, path) {
		t.Errorf("another name: got %d, %q", code, errs)
	}
	pickle := filepath.Join(models, "loras", "ink.ckpt")
	if err := os.WriteFile(pickle, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "draw", "a boat <lora:Ink:1>", "--models", models, "--out", out); code != exitFailure ||
		!strings.Contains(errs, `"`+pickle+`": a pickle`) {
		t.Errorf("a pickle: got %d, %q, want why it cannot be used", code, errs)
	}
	file := filepath.Join(models, "q.gguf")
	for _, p := range []string{file, filepath.Join(models, "other.ckpt")} {
		if err := os.WriteFile(p, []byte("GGUF"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, errs := call(t, "draw", "a boat", "--models", models, "--model", file, "--out", out); strings.Count(errs,
		"\n") != 1 || !strings.Contains(errs, "a quantised network") {
		t.Errorf("a GGUF file: got %q, want its reason alone", errs)
	}
}
