package render

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"darkroom/render/clip"
	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// Extended are the parts of a model with what a Spec puts in their place.
type Extended struct {
	Parts Parts
	Notes []string // a sentence each, for the person who asked: weights of an add-on that fit nothing, for example
	// Close frees what only these parts hold; nil where nothing is to be freed. It is called when nobody renders with them
	// any more.
	Close func() error
}

// maxExtensions is how many combinations of add-ons are kept ready, so that jobs with two of them may alternate.
const maxExtensions = 2

// extensions are the renderers of combinations of add-ons, the last used one last.
type extensions struct {
	mu    sync.Mutex
	ready []*extension
}

type extension struct {
	key      string
	renderer *Renderer
	notes    []string

	of    *extensions
	free  func() error // nil where nothing is to be freed
	users int          // jobs that render with it; guarded by of.mu
	gone  bool         // it is not kept any more; guarded by of.mu
}

// release counts a job out.
func (e *extension) release() {
	if e.of == nil {
		return
	}
	e.of.mu.Lock()
	defer e.of.mu.Unlock()
	e.users--
	e.freeIfUnused()
}

// drop stops keeping it.
func (e *extension) drop() {
	e.gone = true
	e.freeIfUnused()
}

// freeIfUnused frees the memory that it alone holds. A failure would be one to free; the process has it back at its end.
func (e *extension) freeIfUnused() {
	if e.gone && e.users == 0 && e.free != nil {
		_ = e.free()
	}
}

// extended returns the renderer of the parts that a Spec names: r itself, or one with add-ons. It has a cache of
// encoded prompts of its own, since a text encoder with a LoRA encodes otherwise.
//
// The caller releases it.
func (r *Renderer) extended(ctx context.Context, spec picture.Spec) (*extension, error) {
	if spec.VAE != nil && spec.VAE.Hash == r.parts.VAE {
		spec.VAE = nil // it is here already
	}
	key, err := extensionKey(spec)
	if key == "" || err != nil {
		return &extension{renderer: r}, err
	}
	if r.parts.Extend == nil {
		return nil, refuseExtension(spec)
	}
	all := r.extensions
	all.mu.Lock()
	defer all.mu.Unlock()
	if i := slices.IndexFunc(all.ready, func(e *extension) bool { return e.key == key }); i >= 0 {
		found := all.ready[i]
		all.ready = append(slices.Delete(all.ready, i, i+1), found)
		found.users++
		return found, nil
	}
	if len(all.ready) == maxExtensions { // before the next one needs its memory
		all.dropOldest()
	}
	with, err := r.parts.Extend(ctx, spec)
	if errors.Is(err, tensor.ErrOutOfMemory) && len(all.ready) > 0 {
		all.dropOldest()
		with, err = r.parts.Extend(ctx, spec)
	}
	if err != nil {
		return nil, fmt.Errorf("add-ons: %w", err)
	}
	made := &extension{key: key, renderer: r.with(with.Parts), notes: with.Notes, of: all, free: with.Close, users: 1}
	all.ready = append(all.ready, made)
	return made, nil
}

// dropOldest stops keeping the one that was used longest ago.
func (e *extensions) dropOldest() {
	e.ready[0].drop()
	e.ready = slices.Delete(e.ready, 0, 1)
}

// refuseExtension refuses what a model that takes none is asked for.
func refuseExtension(spec picture.Spec) error {
	if len(spec.Addons) > 0 {
		return refuse("the add-on %q cannot be used: this model takes none", spec.Addons[0].Name)
	}
	return refuse("the VAE %q cannot be used: this model takes its own only", spec.VAE.Name)
}

// extensionKey names the parts that a Spec puts in place of the model's own; "" for none. An add-on of strength 0 is
// none, so that the image is that without it, bit by bit.
func extensionKey(spec picture.Spec) (string, error) {
	addons := slices.DeleteFunc(slices.Clone(spec.Addons), picture.Addon.Idle)
	if len(addons) == 0 && spec.VAE == nil {
		return "", nil
	}
	key, err := json.Marshal([]any{addons, spec.VAE})
	return string(key), err
}

// with returns a renderer of other parts that shares the limits of memory.
func (r *Renderer) with(p Parts) *Renderer {
	if p.Config.SizeMultiple == 0 {
		p.Config.SizeMultiple = r.parts.Config.SizeMultiple
	}
	conditioner := clip.NewConditioner(sparingText{r.memory, p.Text}, p.Tokenizers...)
	return &Renderer{
		parts: p, options: r.options, memory: r.memory, decoderMu: r.decoderMu, extensions: &extensions{},
		diffusersConditioner: conditioner, a1111Conditioner: conditioner.ForA1111(),
	}
}
