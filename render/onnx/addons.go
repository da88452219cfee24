package onnx

import (
	"errors"
	"fmt"

	"darkroom/render/tensor"
)

// Addons are what add-ons change in a model.
type Addons struct {
	Unet tensor.Changes
	Text []tensor.Changes // by text encoder; it may be shorter
}

// text is what is changed in text encoder i.
func (a Addons) text(i int) tensor.Changes {
	if i >= len(a.Text) {
		return tensor.Changes{}
	}
	return a.Text[i]
}

// With returns the model with add-ons. Networks that are not changed are those of m, so m must outlive it. A change that
// fits no network is an error. The caller may close it; else its memory is freed some time after nobody uses it any
// more.
//
// Weights stay shared and no session is opened for the add-ons of a checkpoint. A network of an ONNX file, or a packed
// one, is opened a second time with its weights as inputs, once for all add-ons.
func (m *Model) With(a Addons) (*Model, error) {
	if len(a.Text) > len(m.text) {
		return nil, fmt.Errorf("changes of %d text encoders, the model has %d", len(a.Text), len(m.text))
	}
	out := &Model{
		Folder: m.Folder, Device: m.Device, addons: a, borrows: true,
		text: append([]*session(nil), m.text...), unet: m.unet, decoder: m.decoder, encoder: m.encoder,
		tinyDecoder: m.tinyDecoder, upscaler: m.upscaler,
	}
	var steps []loadStep
	for i := range out.text {
		steps = append(steps, loadStep{&out.text[i], m.Folder.TextEncoderNetwork(i), a.text(i)})
	}
	for _, step := range append(steps, loadStep{&out.unet, m.Folder.UnetNetwork(), a.Unet}) {
		if step.changes.Empty() {
			continue
		}
		s, err := newWeighted(step.network, m.Device, step.changes)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("add-ons: %w", err), out.Close())
		}
		*step.into, out.own = s, append(out.own, s)
	}
	return out, nil
}

// open opens the network, with its changes if there are any.
func (s loadStep) open(device Device) (*session, error) {
	if s.changes.Empty() {
		return newSession(s.network, device)
	}
	return newWeighted(s.network, device, s.changes)
}
