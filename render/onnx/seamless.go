package onnx

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// Seamless is a model's UNet and VAE decoder with convolutions that wrap around, for pictures whose edges fit each
// other. Its methods may be called concurrently.
type Seamless struct{ twin Model }

// seamless holds the pair once it is made.
type seamless struct {
	mu   sync.Mutex
	pair *Seamless
}

// Seamless loads the wrapping networks when they are first asked for, beside the others: their weights are in memory a
// second time from then on. They stay until DropSeamless or Close.
func (m *Model) Seamless(ctx context.Context) (*Seamless, error) {
	m.wrapped.mu.Lock()
	defer m.wrapped.mu.Unlock()
	if m.wrapped.pair != nil {
		return m.wrapped.pair, nil
	}
	pair := &Seamless{Model{Folder: m.Folder, Device: m.Device, ports: m.ports}}
	for _, p := range []part{{&pair.twin.unet, m.unetNetwork()}, {&pair.twin.decoder, m.decoderNetwork()}} {
		err := context.Cause(ctx)
		if err == nil {
			*p.into, err = newWrapped(p.network, m.Device)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("load seamless networks: %w", err), pair.twin.Close())
		}
	}
	m.wrapped.pair = pair
	return pair, nil
}

func newWrapped(n network, device Device) (_ *session, err error) {
	n.edits = append(n.edits, graph.Wrap)
	return newSession(n, device)
}

// DropSeamless frees the wrapping networks' memory once their running calls have returned, if there are any. Who holds
// them still gets ErrClosed; asked for again, they are loaded again.
func (m *Model) DropSeamless() error {
	m.wrapped.mu.Lock()
	defer m.wrapped.mu.Unlock()
	if m.wrapped.pair == nil {
		return nil
	}
	pair := m.wrapped.pair
	m.wrapped.pair = nil
	return pair.twin.Close()
}

// Unet is that of the model, wrapping around.
func (s *Seamless) Unet(ctx context.Context, latents tensor.Tensor, timestep float64, given tensor.Given) (tensor.Tensor, error) {
	return s.twin.Unet(ctx, latents, timestep, given)
}

// DecodeLatents is that of the model, wrapping around.
func (s *Seamless) DecodeLatents(ctx context.Context, latents tensor.Tensor) (tensor.Tensor, error) {
	return s.twin.DecodeLatents(ctx, latents)
}
