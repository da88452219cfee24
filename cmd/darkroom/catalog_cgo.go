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
	"darkroom/render/folder"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
)

// openONNXPool loads the runtime library and finds the models to offer.
func openONNXPool(r config.Runtime, o config.Worker, log *slog.Logger) (*onnxPool, error) {
	if err := openRuntime(r); err != nil {
		return nil, err
	}
	folders, faults := openFolders(r)
	for _, err := range faults {
		log.Warn("a model is left out", "error", err)
	}
	for _, name := range o.Models {
		if !slices.ContainsFunc(folders, func(f *folder.Folder) bool { return f.Name == name }) {
			return nil, fmt.Errorf("model %q: none of that name here; `darkroom models list` shows what there is", name)
		}
	}
	if len(o.Models) > 0 {
		folders = slices.DeleteFunc(folders, func(f *folder.Folder) bool { return !slices.Contains(o.Models, f.Name) })
	}
	if len(folders) == 0 {
		return nil, errors.Join(append(faults, errors.New("no model to paint with: `darkroom doctor` tells what is wrong"))...)
	}
	if err := device(r).Check(); err != nil {
		return nil, err
	}
	return &onnxPool{runtime: r, log: log, folders: folders}, nil
}

// lanes lists the lanes of what can be painted now, those of the loaded model first, each with the time it takes to get
// ready for it.
func (s *onnxPool) lanes() []queue.Lane {
	var loaded, unloaded []queue.Lane
	for _, f := range s.models() {
		if f.Hash == s.loadedHash() {
			loaded = append(loaded, queue.Lanes(picture.Lanes(f.Hash)...)...)
			continue
		}
		for _, name := range picture.Lanes(f.Hash) {
			unloaded = append(unloaded, queue.Lane{Name: name, Load: s.loadTime(f.Hash)})
		}
	}
	return append(loaded, unloaded...)
}

// offer says what can be painted now.
func (s *onnxPool) announcement() queue.Renderer {
	o := queue.Renderer{Device: s.runtime.Device.String(), Lanes: s.lanes()}
	for _, f := range s.models() {
		o.Models = append(o.Models, queue.Model{Name: f.Name, Hash: f.Hash, Lane: picture.Lanes(f.Hash)[0], Card: modelCard(f)})
	}
	return o
}

// modelCard is what the bot is told of a model.
func modelCard(f *folder.Folder) json.RawMessage {
	b, err := json.Marshal(pipeline.Card(f))
	if err != nil {
		panic("internal error: a card must always encode: " + err.Error())
	}
	return b
}

func folderNames(folders []*folder.Folder) []string {
	var all []string
	for _, f := range folders {
		all = append(all, f.Name)
	}
	return all
}
