//go:build cgo

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"darkroom/config"
	"darkroom/queue"
	"darkroom/render"
	"darkroom/render/easel"
	"darkroom/render/onnx"
	"darkroom/render/picture"
)

// openStudio loads the runtime library and finds the models to offer.
func openStudio(r config.Runtime, o config.Offer, log *slog.Logger) (*studio, error) {
	if err := openRuntime(r); err != nil {
		return nil, err
	}
	folders, faults := openFolders(r)
	for _, err := range faults {
		log.Warn("a model is left out", "error", err)
	}
	for _, name := range o.Only {
		if !slices.ContainsFunc(folders, func(f *onnx.Folder) bool { return f.Name == name }) {
			return nil, fmt.Errorf("model %q: none of that name here; `darkroom models list` shows what there is", name)
		}
	}
	if len(o.Only) > 0 {
		folders = slices.DeleteFunc(folders, func(f *onnx.Folder) bool { return !slices.Contains(o.Only, f.Name) })
	}
	if len(folders) == 0 {
		return nil, errors.Join(append(faults, errors.New("no model to paint with: `darkroom doctor` tells what is wrong"))...)
	}
	if err := device(r).Check(); err != nil {
		return nil, err
	}
	return &studio{runtime: r, log: log, folders: folders}, nil
}

// lanes lists the lanes of what can be painted now, those of the loaded model first, each with the time it takes to get
// ready for it.
func (s *studio) lanes() []queue.Lane {
	var lit, dark []queue.Lane
	for _, f := range s.models() {
		if f.Hash == s.lit() {
			lit = append(lit, queue.Lanes(picture.Lanes(f.Hash)...)...)
			continue
		}
		for _, name := range picture.Lanes(f.Hash) {
			dark = append(dark, queue.Lane{Name: name, Load: s.loading(f.Hash)})
		}
	}
	return append(lit, dark...)
}

// offer says what can be painted now.
func (s *studio) offer() queue.Renderer {
	o := queue.Renderer{Device: s.runtime.Device.String(), Lanes: s.lanes()}
	for _, f := range s.models() {
		o.Models = append(o.Models, queue.Model{Name: f.Name, Hash: f.Hash, Lane: picture.Lanes(f.Hash)[0], Card: card(f)})
	}
	return o
}

// card is a model folder's card with what this program adds: how it can be sampled, and from what it can begin.
func card(f *onnx.Folder) json.RawMessage {
	c := f.Card
	c.Sizes = offeredSizes(f)
	c.Defaults = easel.Defaults(f)
	b, err := json.Marshal(struct {
		onnx.Card
		Dialect  picture.Dialect `json:"dialect"`
		Samplers []string        `json:"samplers"`
		Starts   bool            `json:"starts"`
		Multiple int             `json:"multiple"` // of the sides of any size
		Enlarges bool            `json:"enlarges"`
		Tiles    bool            `json:"tiles"`
		Skips    *int            `json:"skips,omitempty"`  // last layers of the text encoder that can be left out; nil for any
		Chunks   int             `json:"chunks,omitempty"` // that a prompt may have; 0 for any number
		Habits   render.Habits   `json:"habits,omitzero"`  // what decides how long it takes
	}{c, easel.Dialect(f), easel.Samplers(f), f.Config.CanEncode, f.Config.Multiple, f.Config.Fixed == onnx.Size{}, f.Config.Tiles, skips(f), f.Config.Chunks,
		easel.Config(f.Config).Habits()})
	if err != nil {
		panic("internal error: a card must always encode: " + err.Error())
	}
	return b
}

// skips is how many last layers can be left out; nil where A1111's dialect does not heed it, for all but Stable Diffusion 1.
func skips(f *onnx.Folder) *int {
	if easel.Dialect(f) == picture.A1111 && f.Config.Family != onnx.SD1 {
		return nil
	}
	return &f.Config.Skips
}

func names(folders []*onnx.Folder) []string {
	var all []string
	for _, f := range folders {
		all = append(all, f.Name)
	}
	return all
}
