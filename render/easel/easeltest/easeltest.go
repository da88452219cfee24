//go:build cgo

// Package easeltest loads model folders for tests, as the program does.
package easeltest

import (
	"testing"

	"darkroom/render/easel"
	"darkroom/render/onnx"
)

// Runtime opens ONNX Runtime, and skips the test where it was not fetched.
func Runtime(t testing.TB) {
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
func Load(t testing.TB, dir string) *easel.Easel {
	t.Helper()
	return LoadOn(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 2})
}

// LoadOn is Load on another device.
func LoadOn(t testing.TB, dir string, device onnx.Device) *easel.Easel {
	t.Helper()
	Runtime(t)
	folder, err := easel.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := easel.Load(t.Context(), folder, device)
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
