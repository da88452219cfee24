package onnx

import (
	"errors"
	"testing"

	"darkroom/render/tensor"
)

func TestShortMemoryDropsSeamlessNetworks(t *testing.T) {
	t.Parallel()
	m := &Model{}
	m.wrapped.steps.model = &Model{}
	runs := 0
	short := func() error {
		if runs++; runs == 1 {
			return errors.Join(errors.New("run"), tensor.ErrMemory)
		}
		return nil
	}
	if err := m.roomy(short); err != nil || runs != 2 || m.wrapped.steps.model != nil {
		t.Errorf("got %v after %d runs, with %v; want a second run without the seamless networks", err, runs, m.wrapped.steps.model)
	}
	runs = 0
	if err := m.roomy(short); !errors.Is(err, tensor.ErrMemory) || runs != 1 {
		t.Errorf("got %v after %d runs, want %v after one: nothing is left to drop", err, runs, tensor.ErrMemory)
	}
}

// TestALoadingEncoderHoldsUpNoStep asks for the networks of a step while the encoder is being loaded.
func TestALoadingEncoderHoldsUpNoStep(t *testing.T) {
	t.Parallel()
	m, steps := &Model{}, &Model{}
	m.wrapped.steps.model = steps
	m.wrapped.start.mu.Lock()
	defer m.wrapped.start.mu.Unlock()
	if got, err := m.wrapping(t.Context(), false); err != nil || got != steps {
		t.Errorf("got %p and %v, want %p", got, err, steps)
	}
}
