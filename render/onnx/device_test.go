package onnx_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/onnx"
)

func TestParseDevice(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]onnx.Device{"cpu": {Kind: onnx.CPU}, "cuda": {Kind: onnx.CUDA}, "cuda:3": {Kind: onnx.CUDA, Index: 3}} {
		got, err := onnx.ParseDevice(s)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", s, got, err, want)
		}
		if again, err := onnx.ParseDevice(got.String()); err != nil || again != got {
			t.Errorf("%q printed and parsed again: got %+v, %v, want %+v", s, again, err, got)
		}
	}
	for _, s := range []string{"", "gpu", "cpu:0", "cuda:", "cuda:x", "cuda:-1", "cuda:999"} {
		if got, err := onnx.ParseDevice(s); err == nil || !strings.Contains(err.Error(), "device") {
			t.Errorf("%q: got %+v, %v, want an error", s, got, err)
		}
	}
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
	if err := onnx.Open(filepath.Join(t.TempDir(), "other.so")); err == nil || !strings.Contains(err.Error(), "open already") {
		t.Errorf("another library: got %v, want a refusal", err)
	}
	if got := onnx.Version(); !strings.HasPrefix(got, "1.") {
		t.Errorf("got version %q, want 1.x", got)
	}
	if got := os.Getenv("ORT_DISABLE_TELEMETRY"); got != "1" {
		t.Errorf("ORT_DISABLE_TELEMETRY: got %q, want 1", got)
	}
}
