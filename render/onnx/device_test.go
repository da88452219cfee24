package onnx_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/onnx"
)

func TestDevice(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]onnx.Device{
		"cpu": {Kind: onnx.CPU}, "cuda:0": {Kind: onnx.CUDA}, "cuda:3": {Kind: onnx.CUDA, Index: 3},
	} {
		if got := d.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	t.Run("the CPU is there", func(t *testing.T) {
		t.Parallel()
		runtimeOrSkip(t)
		if err := (onnx.Device{Kind: onnx.CPU}).Check(); err != nil {
			t.Error(err)
		}
	})
	t.Run("a library for the CPU has no GPU", func(t *testing.T) {
		t.Parallel()
		runtimeOrSkip(t)
		err := onnx.Device{Kind: onnx.CUDA}.Check()
		if err == nil {
			t.Skip("this library has CUDA")
		}
		if !strings.Contains(err.Error(), "cuda:0") || !strings.Contains(err.Error(), "darkroom runtime pull") {
			t.Errorf("got %v, want the device and what would help", err)
		}
	})
}

func TestOpen(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	lib, err := onnx.FindLibrary("")
	if err != nil {
		t.Fatal(err)
	}
	if err := onnx.Open(lib); err != nil {
		t.Errorf("the same library again: got %v, want nothing to happen", err)
	}
	if err := onnx.Open(filepath.Join(t.TempDir(), "other.so")); err == nil ||
		!strings.Contains(err.Error(), "open already") {
		t.Errorf("another library: got %v, want a refusal", err)
	}
	if got := onnx.Version(); !strings.HasPrefix(got, "1.") {
		t.Errorf("got version %q, want 1.x", got)
	}
	if got := os.Getenv("ORT_DISABLE_TELEMETRY"); got != "1" {
		t.Errorf("ORT_DISABLE_TELEMETRY: got %q, want 1", got)
	}
}
