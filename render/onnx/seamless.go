package onnx

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// Seamless is a model's UNet and VAE with convolutions that pad circularly, for tileable images. Its methods may be
// called concurrently. Two values of one model are equal.
type Seamless struct{ model *Model }

// seamlessModels holds the seamless networks while they are loaded. UNet and decoder are apart from the encoder, so
// that steps do not wait while the encoder of another job is loaded.
type seamlessModels struct{ denoise, encode lazyModel }

// lazyModel is a model with some of the networks, loaded when it is first used.
type lazyModel struct {
	mu    sync.Mutex // held while they are loaded
	model *Model     // nil for none
}

// Seamless loads the seamless networks unless they are loaded. Their weights are then in memory a second time, those of
// the encoder from the first image on that is encoded. They stay until DropSeamless or Close. A model that runs out of
// memory drops them itself.
func (m *Model) Seamless(ctx context.Context) (Seamless, error) {
	_, err := m.seamlessModel(ctx, false)
	return Seamless{m}, err
}

// seamlessModel returns the seamless UNet and decoder, or the seamless encoder.
func (m *Model) seamlessModel(ctx context.Context, encoder bool) (*Model, error) {
	if !encoder {
		return m.seamless.denoise.get(m, func(t *Model) error {
			return m.loadSeamless(
				ctx, t, loadStep{into: &t.unet, network: m.Folder.UnetNetwork(), changes: m.addons.Unet},
				newStep(&t.decoder, m.Folder.DecoderNetwork()),
			)
		})
	}
	return m.seamless.encode.get(m, func(t *Model) error {
		if m.encoder == nil {
			return nil
		}
		return m.loadSeamless(ctx, t, newEncoderStep(&t.encoder, m.Folder.EncoderNetwork(), tensor.Changes{}))
	})
}

// get returns the second copy of a model, loaded if it was not.
func (t *lazyModel) get(of *Model, load func(*Model) error) (*Model, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.model == nil {
		made := &Model{Folder: of.Folder, Device: of.Device, encoders: of.encoders}
		if err := load(made); err != nil {
			return nil, errors.Join(err, made.Close())
		}
		t.model = made
	}
	return t.model, nil
}

// drop frees the copy once its running calls have returned, and says whether there was one.
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

// loadSeamless loads networks with circular padding.
func (m *Model) loadSeamless(ctx context.Context, into *Model, parts ...loadStep) error {
	for _, p := range parts {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		p.network.Edits = append(p.network.Edits, graph.PadCircular)
		if err := p.load(into); err != nil {
			return fmt.Errorf("load seamless networks: %w", err)
		}
	}
	return nil
}

// DropSeamless frees the memory of the seamless networks once their running calls have returned, and says whether there
// were any. The next use loads them again.
func (m *Model) DropSeamless() (dropped bool, err error) {
	steps, err := m.seamless.denoise.drop()
	encoder, err2 := m.seamless.encode.drop()
	return steps || encoder, errors.Join(err, err2)
}

// retryWithoutSeamless runs a network, and once more if it ran out of memory and seamless networks could be dropped.
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

// Unet is that of the model, with circular padding.
func (s Seamless) Unet(
	ctx context.Context, latents tensor.Tensor, timestep float64, conditioning tensor.Conditioning,
) (tensor.Tensor, error) {
	return s.run(
		ctx, false, func(loaded *Model) (tensor.Tensor, error) { return loaded.Unet(ctx, latents, timestep, conditioning) },
	)
}

// DecodeLatents is that of the model, with circular padding.
func (s Seamless) DecodeLatents(ctx context.Context, latents tensor.Tensor) (tensor.Tensor, error) {
	return s.run(ctx, false, func(loaded *Model) (tensor.Tensor, error) { return loaded.DecodeLatents(ctx, latents) })
}

// EncodeImage is that of the model, with circular padding.
func (s Seamless) EncodeImage(ctx context.Context, pixels tensor.Tensor) (tensor.Tensor, error) {
	return s.run(ctx, true, func(loaded *Model) (tensor.Tensor, error) { return loaded.EncodeImage(ctx, pixels) })
}

// run runs a seamless network, and loads it again if it was dropped in the meantime.
func (s Seamless) run(
	ctx context.Context, encoder bool, call func(loaded *Model) (tensor.Tensor, error),
) (out tensor.Tensor, err error) {
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
