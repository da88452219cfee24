//go:build cgo

// Package pipelinetest loads model folders for tests, as the program does.
package pipelinetest

import (
	"fmt"
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
	return LoadWith(t, dir, device, nil)
}

// AddonFiles are add-ons by the hash that a test gives them.
type AddonFiles map[string]string

// Addon returns the path of an add-on.
func (f AddonFiles) Addon(kind, hash string) (string, error) {
	if path, ok := f[hash]; ok {
		return path, nil
	}
	return "", fmt.Errorf("no %s of the hash %s", kind, hash)
}

// LoadWith is LoadOn with add-ons.
func LoadWith(t testing.TB, dir string, device onnx.Device, files pipeline.Addons) *pipeline.Pipeline {
	t.Helper()
	return load(t, dir, device, pipeline.LoadOptions{Addons: files})
}

// LoadChecked is Load with the model's own safety checker.
func LoadChecked(t testing.TB, dir string) *pipeline.Pipeline {
	t.Helper()
	device := onnx.Device{Kind: onnx.CPU, Threads: 2}
	checkers, err := pipeline.OpenCheckers(pipeline.SafetyOwn)
	if err != nil {
		t.Fatal(err)
	}
	return load(t, dir, device, pipeline.LoadOptions{Checkers: checkers})
}

func load(t testing.TB, dir string, device onnx.Device, o pipeline.LoadOptions) *pipeline.Pipeline {
	t.Helper()
	OpenRuntime(t)
	folder, err := pipeline.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := pipeline.LoadWith(t.Context(), folder, device, o)
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
