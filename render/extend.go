package render

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"darkroom/render/clip"
	"darkroom/render/picture"
)

// Extended are the parts of a model with what a Spec puts in their place.
type Extended struct {
	Parts Parts
	Notes []string // a sentence each, for the person who asked: weights of an add-on that fit nothing, for example
}

// maxExtensions is how many combinations of add-ons are kept ready, so that jobs with two of them may alternate.
const maxExtensions = 2

// extensions are the renderers of combinations of add-ons, the last used one last.
type extensions struct {
	mu    sync.Mutex
	ready []extension
}

type extension struct {
	key      string
	renderer *Renderer
	notes    []string
}

// extended returns the renderer of the parts that a Spec names: r itself, or one with add-ons. It has a cache of
// encoded prompts of its own, since a text encoder with a LoRA encodes otherwise.
func (r *Renderer) extended(ctx context.Context, spec picture.Spec) (extension, error) {
	if spec.VAE != nil && spec.VAE.Hash == r.parts.VAE {
		spec.VAE = nil // it is here already
	}
	key, err := extensionKey(spec)
	if key == "" || err != nil {
		return extension{renderer: r}, err
	}
	if r.parts.Extend == nil {
		return extension{}, refuseExtension(spec)
	}
	r.extensions.mu.Lock()
	defer r.extensions.mu.Unlock()
	ready := &r.extensions.ready
	if i := slices.IndexFunc(*ready, func(e extension) bool { return e.key == key }); i >= 0 {
		found := (*ready)[i]
		*ready = append(slices.Delete(*ready, i, i+1), found)
		return found, nil
	}
	if len(*ready) == maxExtensions { // before the next one needs its memory
		*ready = slices.Delete(*ready, 0, 1)
	}
	with, err := r.parts.Extend(ctx, spec)
	if err != nil {
		return extension{}, fmt.Errorf("add-ons: %w", err)
	}
	made := extension{key, r.with(with.Parts), with.Notes}
	*ready = append(*ready, made)
	return made, nil
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
	conditioner := clip.NewConditioner(p.Text, p.Tokenizers...)
	return &Renderer{
		parts: p, options: r.options, memory: r.memory, decoderMu: r.decoderMu, extensions: &extensions{},
		diffusersConditioner: conditioner, a1111Conditioner: conditioner.ForA1111(),
	}
}
