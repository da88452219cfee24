package onnx

import (
	"errors"
	"testing"

	"darkroom/render/tensor"
)

func TestShortMemoryDropsSeamlessNetworks(t *testing.T) {
	t.Parallel()
	m := &Model{}
	m.wrapped.twin = &Model{}
	runs := 0
	short := func() error {
		if runs++; runs == 1 {
			return errors.Join(errors.New("run"), tensor.ErrMemory)
		}
		return nil
	}
	if err := m.roomy(short); err != nil || runs != 2 || m.wrapped.twin != nil {
		t.Errorf("got %v after %d runs, with %v; want a second run without the seamless networks", err, runs, m.wrapped.twin)
	}
	runs = 0
	if err := m.roomy(short); !errors.Is(err, tensor.ErrMemory) || runs != 1 {
		t.Errorf("got %v after %d runs, want %v after one: nothing is left to drop", err, runs, tensor.ErrMemory)
	}
}
