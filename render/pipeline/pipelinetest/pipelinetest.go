//go:build cgo

// Package pipelinetest loads model folders for tests, as the program does.
package pipelinetest

import (
	"testing"

	"darkroom/render/onnx"
	"darkroom/render/pipeline"
)

// OpenRuntime opens ONNX Runtime, and skips the test where it was not fetched.
func OpenRuntime(t testing.TB) {
	t.Helper()
	lib, err := onnx.FindLibrary("")
	if err != nil {
		t.Skip(err)
	}
	if err := onnx.Open(lib); err != nil {
		t.Fatal(err)
	}
}

// Load loads a model folder on two threads until the test ends, and skips the test where ONNX Runtime was not fetched.
func Load(t testing.TB, dir string) *pipeline.Pipeline {
	t.Helper()
	return LoadOn(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 2})
}

// LoadOn is Load on another device.
func LoadOn(t testing.TB, dir string, device onnx.Device) *pipeline.Pipeline {
	t.Helper()
	OpenRuntime(t)
	folder, err := pipeline.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := pipeline.Load(t.Context(), folder, device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}
