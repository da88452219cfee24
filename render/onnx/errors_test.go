package onnx

import (
	"errors"
	"strings"
	"testing"

	"darkroom/render/folder"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

func TestMemoryErrorsAreRecognised(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"bfc_arena.cc:376 Failed to allocate memory for requested buffer of size 1073741824": true,
		"Available memory of 123 is smaller than requested bytes of 456":                     true,
		"CUDA failure 2: out of memory ; GPU=0":                                              true,
		"CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED":                                       true,
		"std::bad_alloc": true,
		"Got invalid dimensions for input: sample": false,
	} {
		err := wrapMemoryError(errors.New(text))
		if got := errors.Is(err, tensor.ErrOutOfMemory); got != want || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: got %v (%v), want %v and its text", text, got, err, want)
		}
	}
	if err := wrapMemoryError(nil); err != nil {
		t.Errorf("got %v of nothing, want nothing", err)
	}
}

func TestRunReportsOutOfMemory(t *testing.T) {
	t.Parallel()
	demoModel(t) // opens the runtime, or skips
	dir := t.TempDir()
	f := onnxtest.Folder{Huge: true}
	if err := f.Write(dir); err != nil {
		t.Fatal(err)
	}
	tiny, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(t.Context(), tiny, Device{Kind: CPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	conditioning := tensor.Conditioning{Hidden: tensor.New(1, onnxtest.Length, onnxtest.Width)}
	if _, err := m.Unet(t.Context(), tensor.New(1, 4, 8, 8), 1, conditioning); !errors.Is(err, tensor.ErrOutOfMemory) {
		t.Errorf("got %v, want %v", err, tensor.ErrOutOfMemory)
	}
	if _, err := m.DecodeLatents(t.Context(), tensor.New(1, 4, 2, 2)); err != nil {
		t.Errorf("a run after it: got %v, want none", err)
	}
}
