package onnx

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// ErrNoEncoder says that a model cannot start from an image.
var ErrNoEncoder = errors.New("this model has no vae_encoder, so it cannot start from an image")

// Model is a folder's networks, loaded on one device. Its methods may be called concurrently.
type Model struct {
	Folder *folder.Model
	Device Device

	text          []*encoder // by text encoder
	encoder       *encoder   // of the VAE; nil for none
	unet, decoder *session
	tinyDecoder   *session // nil for none

	encoders *encoders // all that can be moved off the device

	seamless seamlessModels

	addons  Addons   // of a model with add-ons: see With
	borrows bool     // its networks are another model's, but for own
	own     []closer // those that add-ons change
}

// closer is a session or an encoder, also one that is nil.
type closer interface{ close() error }

// Load loads a folder's networks. Open must have been called. The caller closes the model.
func Load(ctx context.Context, f *folder.Model, device Device) (*Model, error) {
	if Version() == "" {
		return nil, ErrNotOpen
	}
	m := &Model{Folder: f, Device: device, encoders: &encoders{device: device}}
	if err := m.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("load model: %w", err), m.Close())
	}
	trimHeap() // what was freed during loading: 1 GiB for a float16 model of 2 GiB whose weights were copied
	return m, nil
}

// loadStep is a network to load: as a session, or as an encoder that can be moved.
type loadStep struct {
	into    **session
	encoder **encoder
	network folder.Network
	changes tensor.Changes // by add-ons
	steps   bool           // it runs in every step
}

func newStep(into **session, n folder.Network) loadStep { return loadStep{into: into, network: n} }

func newEncoderStep(into **encoder, n folder.Network, c tensor.Changes) loadStep {
	return loadStep{encoder: into, network: n, changes: c}
}

// load loads the network, in place of what stood there.
func (s loadStep) load(m *Model) (err error) {
	return m.retryWithoutEncoders(func() error {
		if s.encoder != nil {
			*s.encoder, err = m.encoders.open(s.open)
			return err
		}
		*s.into, err = s.open(m.Device)
		return err
	})
}

func (m *Model) load(ctx context.Context) error {
	f := m.Folder
	m.text = make([]*encoder, len(f.Ports.TextEncoders))
	var steps []loadStep
	for i := range m.text {
		steps = append(steps, newEncoderStep(&m.text[i], f.TextEncoderNetwork(i), tensor.Changes{}))
	}
	steps = append(steps, loadStep{into: &m.unet, network: f.UnetNetwork(), steps: true}, newStep(&m.decoder, f.DecoderNetwork()))
	if f.Config.CanEncode {
		steps = append(steps, newEncoderStep(&m.encoder, f.EncoderNetwork(), tensor.Changes{}))
	}
	if f.TinyDecoder != nil {
		steps = append(steps, newStep(&m.tinyDecoder, f.TinyDecoder.Network()))
	}
	for _, step := range steps {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := step.load(m); err != nil {
			return err
		}
	}
	return nil
}

// sessions lists every session that is loaded, without those of the seamless networks.
func (m *Model) sessions() []*session {
	var all []*session
	for _, e := range append(slices.Clip(m.text), m.encoder) {
		if s := e.current(); s != nil {
			all = append(all, s)
		}
	}
	for _, s := range []*session{m.unet, m.decoder, m.tinyDecoder} {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

// Close frees the model's memory once its running calls have returned. Later calls return ErrClosed.
func (m *Model) Close() error {
	_, err := m.DropSeamless()
	errs := []error{err}
	own := m.own
	if !m.borrows {
		own = []closer{m.unet, m.decoder, m.tinyDecoder, m.encoder}
		for _, e := range m.text {
			own = append(own, e)
		}
	}
	for _, s := range own {
		errs = append(errs, s.close())
	}
	trimHeap()
	return errors.Join(errs...)
}

// DecodeLatents turns latents [b,4,h,w], already divided by Config.ScalingFactor, into pixels [b,3,8h,8w] in −1..1.
// Values may lie a little outside.
func (m *Model) DecodeLatents(ctx context.Context, latents tensor.Tensor) (tensor.Tensor, error) {
	if err := latents.Check(); err != nil || len(latents.Shape) != 4 {
		return tensor.Tensor{}, fmt.Errorf("decode: latents %v, want [b,4,h,w]", latents.Shape)
	}
	f := m.Folder.Config.PixelsPerLatent
	out := tensor.New(latents.Shape[0], 3, latents.Shape[2]*f, latents.Shape[3]*f)
	err := m.retryWithoutSeamless(func() error {
		return m.decoder.inBatches(latents.Batch(), func(from, to int) error {
			in, err := m.decoder.feed(m.Folder.Ports.Latent, latents.Rows(from, to))
			return m.decoder.callSingle(ctx, m.Folder.Ports.Pixels, out.Rows(from, to), err, in)
		})
	})
	return withStep(out, "decode", err)
}

// EncodeImage turns pixels [b,3,H,W] in −1..1 into their latents, not yet multiplied by Config.ScalingFactor: the mean
// and the logarithm of the variance [b,8,H/8,W/8]. Some exports give the mean alone [b,4,H/8,W/8], or draw a sample
// inside the network: for those, too, it returns the mean.
func (m *Model) EncodeImage(ctx context.Context, pixels tensor.Tensor) (tensor.Tensor, error) {
	c := m.Folder.Config
	if m.encoder == nil {
		return tensor.Tensor{}, ErrNoEncoder
	}
	f := c.PixelsPerLatent
	if err := pixels.Check(); err != nil || len(pixels.Shape) != 4 || pixels.Shape[2]%f != 0 || pixels.Shape[3]%f != 0 {
		return tensor.Tensor{}, fmt.Errorf(
			"encode image: pixels %v, want [b,3,H,W] with sides that are multiples of %d", pixels.Shape, f,
		)
	}
	channels := c.LatentChannels
	if m.Folder.EncodesVariance() {
		channels *= 2 // mean, then the logarithm of the variance
	}
	out := tensor.New(pixels.Shape[0], channels, pixels.Shape[2]/f, pixels.Shape[3]/f)
	err := m.retryWithoutSeamless(func() error {
		return m.encoder.use(func(s *session) error {
			return s.inBatches(pixels.Batch(), func(from, to int) error {
				in, err := s.feed(m.Folder.Ports.Image, pixels.Rows(from, to))
				return s.callSingle(ctx, m.Folder.Ports.Mean, out.Rows(from, to), err, in)
			})
		})
	})
	return withStep(out, "encode image", err)
}

// inBatches calls run for as many items at a time as the network takes.
func (s *session) inBatches(n int, run func(from, to int) error) error {
	size := s.batch
	if size == 0 {
		return run(0, n)
	}
	if n%size != 0 {
		return fmt.Errorf("%s takes %d at a time, got %d", s.path, size, n)
	}
	for from := 0; from < n; from += size {
		if err := run(from, from+size); err != nil {
			return err
		}
	}
	return nil
}

// call runs the session into out, one tensor for each output port, and frees the feeds; err is the error of making
// them.
func (s *session) call(ctx context.Context, ports []graph.Value, out []tensor.Tensor, err error, inputs ...feed) error {
	results := make([]feed, len(ports))
	defer func() {
		for _, f := range append(inputs, results...) {
			f.destroy()
		}
	}()
	if err != nil {
		return err
	}
	for i, port := range ports {
		if results[i], err = feedOutput(s.port(port), out[i]); err != nil {
			return err
		}
	}
	if err := s.run(ctx, inputs, results); err != nil {
		return err
	}
	for i, r := range results {
		r.copyTo(out[i])
	}
	return nil
}

// callSingle runs a session with one output.
func (s *session) callSingle(
	ctx context.Context, port graph.Value, out tensor.Tensor, err error, inputs ...feed,
) error {
	return s.call(ctx, []graph.Value{port}, []tensor.Tensor{out}, err, inputs...)
}

func withStep(t tensor.Tensor, step string, err error) (tensor.Tensor, error) {
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("%s: %w", step, err)
	}
	return t, nil
}
