package onnx

import (
	"context"
	"errors"
	"fmt"

	"darkroom/render/tensor"
)

// Unet runs one denoising step on latents [b,4,h,w] (9 channels for an inpainting model), conditioned on hidden states
// [b, n × TextLength, width] and what else the family reads, and returns what the model predicts (see
// Config.Prediction) as [b,4,h,w]. Where Config.FractionalTimesteps is false, the nearest whole timestep is used. The
// caller must not change the conditioning afterwards.
func (m *Model) Unet(
	ctx context.Context, latents tensor.Tensor, timestep float64, conditioning tensor.Conditioning,
) (tensor.Tensor, error) {
	if err := m.checkConditioning(latents, conditioning); err != nil {
		return tensor.Tensor{}, fmt.Errorf("denoise: %w", err)
	}
	out := tensor.New(latents.Shape[0], m.Folder.Config.LatentChannels, latents.Shape[2], latents.Shape[3])
	err := m.retryWithoutSeamless(func() error {
		return m.unet.inBatches(latents.Batch(), func(from, to int) error {
			feeds, err := m.feedUnet(latents, timestep, conditioning, from, to)
			return m.unet.callSingle(ctx, m.Folder.Ports.Noise, out.Rows(from, to), err, feeds...)
		})
	})
	return withStep(out, "denoise", err)
}

// feedUnet makes the feeds of the UNet's inputs, in the order of folder.UnetNetwork.
func (m *Model) feedUnet(
	latents tensor.Tensor, timestep float64, conditioning tensor.Conditioning, from, to int,
) ([]feed, error) {
	p := m.Folder.Ports
	sample, err1 := m.unet.feed(p.Sample, latents.Rows(from, to))
	step, err2 := feedTimestep(m.unet.port(p.Timestep), timestep)
	feeds, err := []feed{sample, step}, errors.Join(err1, err2)
	for i, t := range conditioning.Tensors() {
		port := p.Conditioning()[i]
		if port.Name == "" {
			continue
		}
		f, err3 := m.unet.cache.feed(m.unet.port(port), t.Rows(from, to))
		feeds, err = append(feeds, f), errors.Join(err, err3)
	}
	return feeds, err
}

// checkConditioning checks that everything that the UNet reads is there, for every item of the batch.
func (m *Model) checkConditioning(latents tensor.Tensor, conditioning tensor.Conditioning) error {
	if err := latents.Check(); err != nil {
		return err
	}
	if len(latents.Shape) != 4 || latents.Shape[1] != m.Folder.Config.UnetChannels() {
		return fmt.Errorf("latents %v, want [b,%d,h,w]", latents.Shape, m.Folder.Config.UnetChannels())
	}
	for i, t := range conditioning.Tensors() {
		port := m.Folder.Ports.Conditioning()[i]
		if port.Name == "" {
			continue
		}
		if err := t.Check(); err != nil {
			return fmt.Errorf("%s: %w", port.Name, err)
		}
		if len(t.Shape) != len(port.Dims) || t.Shape[0] != latents.Shape[0] {
			return fmt.Errorf("%v: got shape %v beside latents of %v", port, t.Shape, latents.Shape)
		}
	}
	return nil
}
