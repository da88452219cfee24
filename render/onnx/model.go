package onnx

import (
	"context"
	"errors"
	"fmt"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// ErrClipSkip says that a text encoder gives out its last layer only.
var ErrClipSkip = errors.New("this model's text encoder gives out its last layer only, so no layers can be skipped")

// ErrNoEncoder says that a model cannot start from a picture.
var ErrNoEncoder = errors.New("this model has no vae_encoder, so it cannot start from a picture")

// Model is a folder's networks, loaded on one device. Its methods may be called concurrently.
type Model struct {
	Folder *Folder
	Device Device

	ports                        ports
	text, unet, decoder, encoder *session
}

// Load loads a folder's networks. Open must have been called. The caller closes the model.
func Load(ctx context.Context, folder *Folder, device Device) (_ *Model, err error) {
	if Version() == "" {
		return nil, ErrNotOpen
	}
	m := &Model{Folder: folder, Device: device}
	if m.ports, err = folder.ports(); err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	options, err := device.options()
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	err = errors.Join(m.load(ctx, options), options.Destroy())
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Model) load(ctx context.Context, options *ort.SessionOptions) (err error) {
	p := m.ports
	for _, part := range []struct {
		into    **session
		name    string
		inputs  []graph.Value
		outputs []graph.Value
	}{
		{&m.text, textPart, []graph.Value{p.ids}, []graph.Value{p.hidden}},
		{&m.unet, unetPart, []graph.Value{p.sample, p.timestep, p.context}, []graph.Value{p.noise}},
		{&m.decoder, decoderPart, []graph.Value{p.latent}, []graph.Value{p.pixels}},
		{&m.encoder, encoderPart, []graph.Value{p.picture}, []graph.Value{p.mean}},
	} {
		if part.name == encoderPart && !m.Folder.Config.CanEncode {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if *part.into, err = newSession(m.Folder.path(part.name), part.inputs, part.outputs, options); err != nil {
			return err
		}
	}
	return nil
}

// Close frees the model's memory once its running calls have returned. Later calls return ErrClosed.
func (m *Model) Close() error {
	err := errors.Join(m.text.close(), m.unet.close(), m.decoder.close(), m.encoder.close())
	giveBack()
	return err
}

// EncodeText turns rows of framed token ids, Config.TextLength each, into the text encoder's last hidden states
// [rows, length, width], after its final norm. A skip of last layers other than 0 is ErrClipSkip so far.
func (m *Model) EncodeText(ctx context.Context, ids [][]int32, skip int) (tensor.Encoded, error) {
	c := m.Folder.Config
	if skip != 0 {
		return tensor.Encoded{}, ErrClipSkip
	}
	if len(ids) == 0 {
		return tensor.Encoded{}, errors.New("encode text: no rows")
	}
	for _, row := range ids {
		if len(row) != c.TextLength {
			return tensor.Encoded{}, fmt.Errorf("encode text: a row of %d ids, want %d", len(row), c.TextLength)
		}
	}
	out := tensor.New(len(ids), c.TextLength, c.TextWidth)
	err := m.text.inBatches(len(ids), func(from, to int) error {
		in, err := feedIDs(m.ports.ids, ids[from:to])
		return m.text.call(ctx, m.ports.hidden, out.Rows(from, to), err, in)
	})
	hidden, err := done(out, "encode text", err)
	return tensor.Encoded{Hidden: hidden}, err
}

// Unet runs one denoising step on latents [b,4,h,w], led by hidden states [b, n × TextLength, width], and returns what
// the model predicts (see Config.Prediction), in the latents' shape. Where Config.FractionalTimesteps is false the
// nearest whole timestep is used.
func (m *Model) Unet(ctx context.Context, latents tensor.Tensor, timestep float64, given tensor.Given) (tensor.Tensor, error) {
	hidden := given.Hidden
	if err := errors.Join(latents.Check(), hidden.Check()); err != nil {
		return tensor.Tensor{}, fmt.Errorf("denoise: %w", err)
	}
	if len(latents.Shape) != 4 || len(hidden.Shape) != 3 || latents.Shape[0] != hidden.Shape[0] {
		return tensor.Tensor{}, fmt.Errorf("denoise: latents %v with hidden states %v, want [b,4,h,w] with [b,n,width]", latents.Shape, hidden.Shape)
	}
	out := latents.Like()
	err := m.unet.inBatches(latents.Batch(), func(from, to int) error {
		sample, err1 := feedFloats(m.ports.sample, latents.Rows(from, to))
		step, err2 := feedTimestep(m.ports.timestep, timestep)
		text, err3 := feedFloats(m.ports.context, hidden.Rows(from, to))
		return m.unet.call(ctx, m.ports.noise, out.Rows(from, to), errors.Join(err1, err2, err3), sample, step, text)
	})
	return done(out, "denoise", err)
}

// DecodeLatents turns latents [b,4,h,w], already divided by Config.ScalingFactor, into pixels [b,3,8h,8w] in −1..1.
// Values may lie a little outside.
func (m *Model) DecodeLatents(ctx context.Context, latents tensor.Tensor) (tensor.Tensor, error) {
	if err := latents.Check(); err != nil || len(latents.Shape) != 4 {
		return tensor.Tensor{}, fmt.Errorf("decode: latents %v, want [b,4,h,w]", latents.Shape)
	}
	f := m.Folder.Config.PixelsPerLatent
	out := tensor.New(latents.Shape[0], 3, latents.Shape[2]*f, latents.Shape[3]*f)
	err := m.decoder.inBatches(latents.Batch(), func(from, to int) error {
		in, err := feedFloats(m.ports.latent, latents.Rows(from, to))
		return m.decoder.call(ctx, m.ports.pixels, out.Rows(from, to), err, in)
	})
	return done(out, "decode", err)
}

// EncodeImage turns pixels [b,3,H,W] in −1..1 into the mean of their latents [b,4,H/8,W/8], not yet multiplied by
// Config.ScalingFactor. Old exports draw a sample inside the network instead; then that is what comes.
func (m *Model) EncodeImage(ctx context.Context, pixels tensor.Tensor) (tensor.Tensor, error) {
	c := m.Folder.Config
	if m.encoder == nil {
		return tensor.Tensor{}, ErrNoEncoder
	}
	f := c.PixelsPerLatent
	if err := pixels.Check(); err != nil || len(pixels.Shape) != 4 || pixels.Shape[2]%f != 0 || pixels.Shape[3]%f != 0 {
		return tensor.Tensor{}, fmt.Errorf("encode picture: pixels %v, want [b,3,H,W] with sides that are multiples of %d", pixels.Shape, f)
	}
	channels := c.LatentChannels
	if m.ports.mean.Dims[1] == 2*channels || m.ports.mean.Name == "latent_parameters" {
		channels *= 2 // mean, then the logarithm of the variance
	}
	out := tensor.New(pixels.Shape[0], channels, pixels.Shape[2]/f, pixels.Shape[3]/f)
	err := m.encoder.inBatches(pixels.Batch(), func(from, to int) error {
		in, err := feedFloats(m.ports.picture, pixels.Rows(from, to))
		return m.encoder.call(ctx, m.ports.mean, out.Rows(from, to), err, in)
	})
	return done(firstChannels(out, c.LatentChannels), "encode picture", err)
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

// call runs the session into out and frees the feeds; err is that of making them.
func (s *session) call(ctx context.Context, port graph.Value, out tensor.Tensor, err error, inputs ...feed) error {
	defer func() {
		for _, in := range inputs {
			in.destroy()
		}
	}()
	if err != nil {
		return err
	}
	result, err := feedResult(port, out)
	if err != nil {
		return err
	}
	defer result.destroy()
	if err := s.run(ctx, inputs, result); err != nil {
		return err
	}
	result.take(out)
	return nil
}

func done(t tensor.Tensor, step string, err error) (tensor.Tensor, error) {
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("%s: %w", step, err)
	}
	return t, nil
}

// firstChannels keeps the first n channels of [b,c,h,w].
func firstChannels(t tensor.Tensor, n int) tensor.Tensor {
	if t.Shape[1] == n {
		return t
	}
	out := tensor.New(t.Shape[0], n, t.Shape[2], t.Shape[3])
	size := n * t.Shape[2] * t.Shape[3]
	for i := range t.Shape[0] {
		copy(out.Data[i*size:(i+1)*size], t.Row(i).Data)
	}
	return out
}
