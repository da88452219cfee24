package onnx

import (
	"errors"
	"testing"

	"darkroom/render/tensor"
)

func TestOutOfMemoryDropsSeamless(t *testing.T) {
	t.Parallel()
	m := &Model{}
	m.seamless.denoise.model = &Model{}
	runs := 0
	short := func() error {
		if runs++; runs == 1 {
			return errors.Join(errors.New("run"), tensor.ErrOutOfMemory)
		}
		return nil
	}
	if err := m.retryWithoutSeamless(short); err != nil || runs != 2 || m.seamless.denoise.model != nil {
		t.Errorf(
			"got %v after %d runs, with %v; want a second run without the seamless networks", err, runs,
			m.seamless.denoise.model,
		)
	}
	runs = 0
	if err := m.retryWithoutSeamless(short); !errors.Is(err, tensor.ErrOutOfMemory) || runs != 1 {
		t.Errorf("got %v after %d runs, want %v after one: nothing is left to drop", err, runs, tensor.ErrOutOfMemory)
	}
}

// TestLoadingEncoderDoesNotBlockUnet gets the networks of a step while the encoder is loading.
func TestLoadingEncoderDoesNotBlockUnet(t *testing.T) {
	t.Parallel()
	m, steps := &Model{}, &Model{}
	m.seamless.denoise.model = steps
	m.seamless.encode.mu.Lock()
	defer m.seamless.encode.mu.Unlock()
	if got, err := m.seamlessModel(t.Context(), false); err != nil || got != steps {
		t.Errorf("got %p and %v, want %p", got, err, steps)
	}
}
