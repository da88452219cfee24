package onnx_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

// withTiny writes a folder and puts a copy of its decoder where a tiny one may lie, with a configuration if there is one.
func withTiny(t *testing.T, at, config string) string {
	t.Helper()
	dir := t.TempDir()
	if err := (onnxtest.Folder{}).Write(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "vae_decoder", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	writePath(t, filepath.Join(dir, at), string(data))
	if config != "" {
		writePath(t, filepath.Join(dir, filepath.Dir(at), "config.json"), config)
	}
	return dir
}

func writePath(t *testing.T, path, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTinyDecoder(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	for _, c := range []struct {
		at, config string
		pixel      func(latent float32) float32
	}{
		{"vae_tiny_decoder/model.onnx", `{"_class_name":"AutoencoderTiny","scaling_factor":1.0}`, func(v float32) float32 { return v }},
		{"vae_tiny_decoder/model.onnx", `{"_class_name":"AutoencoderTiny","scaling_factor":0.5}`, func(v float32) float32 { return 2 * v }},
		{"taesd_decoder.onnx", "", func(v float32) float32 { return 2*v - 1 }},
		{"taesdxl_decoder.onnx", "", func(v float32) float32 { return 2*v - 1 }},
		{"taesd_decoder/model.onnx", "", func(v float32) float32 { return 2*v - 1 }},
	} {
		m := loadDir(t, withTiny(t, c.at, c.config), onnx.Device{Kind: onnx.CPU, Threads: 1})
		latents := ramp(2, 4, 3, 5)
		got, err := m.TinyDecoder().DecodeLatents(t.Context(), latents)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got.Shape) != "[2 3 24 40]" {
			t.Fatalf("%s: got shape %v", c.at, got.Shape)
		}
		if got, want := got.Row(1).Data[8*40+17], c.pixel(latents.Row(1).Data[5+2]); got != want {
			t.Errorf("%s with %q: got %v, want %v", c.at, c.config, got, want)
		}
	}
	if m := load(t, onnxtest.Folder{}); m.TinyDecoder() != nil {
		t.Error("a folder without a tiny decoder has one")
	}
}

func TestTinyDecoderOfAnotherModel(t *testing.T) {
	t.Parallel()
	dir := withTiny(t, "vae_tiny_decoder/model.onnx", "")
	before, err := onnx.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "unet", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ data, want string }{
		"no decoder at all": {string(data), "want one of each of a tiny decoder"},
		"a cut file":        {string(data[:100]), "not an ONNX model"},
	} {
		writePath(t, filepath.Join(dir, "vae_tiny_decoder", "model.onnx"), c.data)
		if _, err := onnx.OpenFolder(dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "vae_tiny_decoder") {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "vae_tiny_decoder")); err != nil {
		t.Fatal(err)
	}
	if after, err := onnx.OpenFolder(dir); err != nil || after.Hash != before.Hash {
		t.Errorf("without it the folder's hash is another (%v): it decides no picture", err)
	}
}

// TestSeamlessWithoutPadding sees that a network which nothing can be wrapped in says so.
func TestSeamlessWithoutPadding(t *testing.T) {
	t.Parallel()
	m := load(t, onnxtest.Folder{})
	if m.Folder.Config.SupportsSeamless {
		t.Error("the folder says that its networks can wrap around")
	}
	for range 2 {
		if _, err := m.Seamless(t.Context()); err == nil || !strings.Contains(err.Error(), "no convolution pads") {
			t.Errorf("got %v, want an error: these networks have no convolutions", err)
		}
	}
	if _, err := m.DecodeLatents(t.Context(), tensor.New(1, 4, 2, 2)); err != nil {
		t.Errorf("afterwards the model does not decode: %v", err)
	}
}
