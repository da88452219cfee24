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

// withTiny writes a folder and puts a copy of its decoder where a tiny one may lie, with a configuration if there is
// one.
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
	onnxtest.WriteFile(t, dir, at, string(data))
	if config != "" {
		onnxtest.WriteFile(t, dir, filepath.Dir(at)+"/config.json", config)
	}
	return dir
}

func TestTinyDecoder(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	for _, c := range []struct {
		at, config string
		pixel      func(latent float32) float32
	}{
		{
			"vae_tiny_decoder/model.onnx",
			`{"_class_name":"AutoencoderTiny","scaling_factor":1.0}`,
			func(v float32) float32 { return v },
		},
		{
			"vae_tiny_decoder/model.onnx",
			`{"_class_name":"AutoencoderTiny","scaling_factor":0.5}`,
			func(v float32) float32 { return 2 * v },
		},
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

// TestSeamlessWithoutPadding checks that a network which nothing can be wrapped in says so.
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
