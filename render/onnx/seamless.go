package onnx

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// Seamless is a model's UNet and VAE with convolutions that wrap around, for pictures whose edges fit each other. Its
// methods may be called concurrently. Those of one model are equal.
type Seamless struct{ model *Model }

// seamlessModels holds the wrapping networks while they are loaded: those of every step, and the encoder apart from them, so that
// nobody's steps wait while somebody's encoder is loaded.
type seamlessModels struct{ denoise, encode lazyModel }

// lazyModel is a model with some of the networks alone.
type lazyModel struct {
	mu    sync.Mutex // held while they are loaded
	model *Model     // nil for none
}

// Seamless loads the wrapping networks, if they are not: their weights are in memory a second time from then on, the
// encoder's once a picture is encoded. They stay until DropSeamless or Close, and a model that finds no room for its work
// drops them by itself.
func (m *Model) Seamless(ctx context.Context) (Seamless, error) {
	_, err := m.seamlessModel(ctx, false)
	return Seamless{m}, err
}

// seamlessModel returns the twin of the networks of a step, or that of the encoder.
func (m *Model) seamlessModel(ctx context.Context, encoder bool) (*Model, error) {
	if !encoder {
		return m.seamless.denoise.get(m, func(t *Model) error {
			return m.loadSeamless(ctx, loadStep{&t.unet, m.Folder.UnetNetwork()}, loadStep{&t.decoder, m.Folder.DecoderNetwork()})
		})
	}
	return m.seamless.encode.get(m, func(t *Model) error {
		if m.encoder == nil {
			return nil
		}
		return m.loadSeamless(ctx, loadStep{&t.encoder, m.Folder.EncoderNetwork()})
	})
}

// get returns the twin of a model, loaded if it was not.
func (t *lazyModel) get(of *Model, load func(*Model) error) (*Model, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.model == nil {
		made := &Model{Folder: of.Folder, Device: of.Device}
		if err := load(made); err != nil {
			return nil, errors.Join(err, made.Close())
		}
		t.model = made
	}
	return t.model, nil
}

// drop frees the twin once its running calls have returned, and tells whether there was one.
func (t *lazyModel) drop() (dropped bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.model == nil {
		return false, nil
	}
	err = t.model.Close()
	t.model = nil
	return true, err
}

// loadSeamless loads networks so that they wrap around.
func (m *Model) loadSeamless(ctx context.Context, parts ...loadStep) error {
	for _, p := range parts {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		p.network.Edits = append(p.network.Edits, graph.PadCircular)
		s, err := newSession(p.network, m.Device)
		if err != nil {
			return fmt.Errorf("load seamless networks: %w", err)
		}
		*p.into = s
	}
	return nil
}

// DropSeamless frees the wrapping networks' memory once their running calls have returned, and tells whether there were
// any. Asked for again, they are loaded again.
func (m *Model) DropSeamless() (dropped bool, err error) {
	steps, err := m.seamless.denoise.drop()
	start, err2 := m.seamless.encode.drop()
	return steps || start, errors.Join(err, err2)
}

// retryWithoutSeamless runs a network, and once more when it found no room and the wrapping networks could be dropped for it.
func (m *Model) retryWithoutSeamless(run func() error) error {
	err := run()
	if !errors.Is(err, tensor.ErrOutOfMemory) {
		return err
	}
	if dropped, err2 := m.DropSeamless(); !dropped || err2 != nil {
		return errors.Join(err, err2)
	}
	return run()
}

// Unet is that of the model, wrapping around.
func (s Seamless) Unet(ctx context.Context, latents tensor.Tensor, timestep float64, conditioning tensor.Conditioning) (tensor.Tensor, error) {
	return s.run(ctx, false, func(loaded *Model) (tensor.Tensor, error) { return loaded.Unet(ctx, latents, timestep, conditioning) })
}

// DecodeLatents is that of the model, wrapping around.
func (s Seamless) DecodeLatents(ctx context.Context, latents tensor.Tensor) (tensor.Tensor, error) {
	return s.run(ctx, false, func(loaded *Model) (tensor.Tensor, error) { return loaded.DecodeLatents(ctx, latents) })
}

// EncodeImage is that of the model, wrapping around.
func (s Seamless) EncodeImage(ctx context.Context, pixels tensor.Tensor) (tensor.Tensor, error) {
	return s.run(ctx, true, func(loaded *Model) (tensor.Tensor, error) { return loaded.EncodeImage(ctx, pixels) })
}

// run runs a wrapping network, and loads it anew if it was dropped just then.
func (s Seamless) run(ctx context.Context, encoder bool, call func(loaded *Model) (tensor.Tensor, error)) (out tensor.Tensor, err error) {
	for range 3 {
		loaded, err2 := s.model.seamlessModel(ctx, encoder)
		if err2 != nil {
			return tensor.Tensor{}, err2
		}
		if out, err = call(loaded); !errors.Is(err, ErrClosed) || s.model.unet.isClosed() {
			return out, err
		}
	}
	return out, err
}
