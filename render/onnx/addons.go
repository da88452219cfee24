package onnx

import (
	"errors"
	"fmt"

	"darkroom/render/folder"
	"darkroom/render/tensor"
)

// Addons are what add-ons change in a model.
type Addons struct {
	Unet tensor.Changes
	Text []tensor.Changes // by text encoder; it may be shorter
	VAE  folder.Parts     // in place of the model's own; nil for none
}

// text is what is changed in text encoder i.
func (a Addons) text(i int) tensor.Changes {
	if i >= len(a.Text) {
		return tensor.Changes{}
	}
	return a.Text[i]
}

// With returns the model with add-ons. Networks that are not changed are those of m, so m must outlive it. A change
// that fits no network is an error. The caller may close it; else its memory is freed some time after nobody uses it
// any more.
//
// Weights stay shared. The first add-on of a network opens it a second time, with its weights as inputs and with places
// for low-rank changes; later LoRAs and embeddings, of any model of the shape, share that session. Hypernetworks are a
// part of the graph, so each structure of them has a session of its own.
func (m *Model) With(a Addons) (*Model, error) {
	if len(a.Text) > len(m.text) {
		return nil, fmt.Errorf("changes of %d text encoders, the model has %d", len(a.Text), len(m.text))
	}
	out := &Model{
		Folder: m.Folder, Device: m.Device, addons: a, borrows: true,
		text: append([]*encoder(nil), m.text...), unet: m.unet, decoder: m.decoder, encoder: m.encoder,
		tinyDecoder: m.tinyDecoder, encoders: m.encoders,
	}
	steps, err := out.addonSteps()
	if err != nil {
		return nil, fmt.Errorf("add-ons: %w", err)
	}
	for _, step := range steps {
		if err := step.load(out); err != nil {
			return nil, errors.Join(fmt.Errorf("add-ons: %w", err), out.Close())
		}
		out.own = append(out.own, step.loaded())
	}
	return out, nil
}

// addonSteps lists the networks that add-ons change.
func (m *Model) addonSteps() ([]loadStep, error) {
	var steps []loadStep
	for i := range m.text {
		if c := m.addons.text(i); !c.Empty() {
			steps = append(steps, newEncoderStep(&m.text[i], m.Folder.TextEncoderNetwork(i), c))
		}
	}
	if c := m.addons.Unet; !c.Empty() {
		steps = append(steps, loadStep{into: &m.unet, network: m.Folder.UnetNetwork(), changes: c})
	}
	if m.addons.VAE == nil {
		return steps, nil
	}
	var err error
	if m.Folder, err = m.Folder.WithVAE(m.addons.VAE); err != nil {
		return nil, err
	}
	m.encoder = nil
	if m.Folder.Config.CanEncode {
		steps = append(steps, newEncoderStep(&m.encoder, m.Folder.EncoderNetwork(), tensor.Changes{}))
	}
	return append(steps, newStep(&m.decoder, m.Folder.DecoderNetwork())), nil
}

// loaded is the network, once it is loaded.
func (s loadStep) loaded() closer {
	if s.encoder != nil {
		return *s.encoder
	}
	return *s.into
}

// open opens the network, with its changes if there are any.
func (s loadStep) open(device Device) (*session, error) {
	device.Graphs = device.Graphs && device.resident() && s.steps && s.changes.Empty()
	if s.changes.Empty() {
		return newSession(s.network, device)
	}
	return newWeighted(s.network, device, s.changes)
}
