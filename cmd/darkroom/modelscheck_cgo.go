//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/config"
	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/inventory"
	"darkroom/render/onnx"
	"darkroom/render/pipeline"
)

// checkModelFiles reads models and add-ons as a whole, renders one step with each model and prints what it can do.
func checkModelFiles(ctx context.Context, s invocation) error {
	c := s.settings.Models.Check
	s.noteMissingModels(c.Runtime.ModelsDir)
	v, err := pipeline.Directory(c.Runtime.ModelsDir).Inventory(nil)
	if err != nil {
		return err
	}
	k := checker{invocation: s, runtime: c.Runtime, verified: map[string]bool{}}
	if c.Name == "" {
		return k.all(ctx, v)
	}
	e, found, err := oneToCheck(v, c.Name)
	switch {
	case err != nil:
		return err
	case found && !e.Kind.IsModel():
		return k.addon(ctx, e)
	case found && e.Err != nil:
		return e.Err
	case found:
		return k.opened(ctx, e.Path)
	}
	return k.opened(ctx, c.Name) // a path elsewhere, or the reason why there is none
}

// oneToCheck finds what has a name; of a model and add-ons of the same name the model.
func oneToCheck(v *inventory.Inventory, asked string) (inventory.Entry, bool, error) {
	found := findEntries(v, asked, "")
	if slices.ContainsFunc(found, func(e inventory.Entry) bool { return e.Kind.IsModel() }) {
		found = slices.DeleteFunc(found, func(e inventory.Entry) bool { return !e.Kind.IsModel() })
	}
	switch len(found) {
	case 0:
		return inventory.Entry{}, false, nil
	case 1:
		return found[0], true, nil
	}
	return inventory.Entry{}, false, severalOfName(asked, found)
}

// checker checks what lies in the models folder.
type checker struct {
	invocation
	runtime  config.Runtime
	device   onnx.Device     // once it is open
	verified map[string]bool // paths of files whose values were read
}

// all checks everything: the models, then the add-ons.
func (k checker) all(ctx context.Context, v *inventory.Inventory) error {
	var err error
	if k.device, err = k.openDevice(k.runtime); err != nil {
		return err
	}
	v.HashNow(ctx, func(e inventory.Entry) bool { return e.Kind.IsModel() })
	faults := v.Faults()
	for _, m := range v.Models() {
		if err := k.model(ctx, m); err != nil {
			faults = append(faults, err)
		}
	}
	for _, e := range v.Entries() {
		if e.Addon == nil || e.Err != nil || e.Twin != "" || k.verified[e.Path] || ctx.Err() != nil {
			continue
		}
		if err := k.addon(ctx, e); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(append(faults, context.Cause(ctx))...)
}

// opened checks the model of a name or path.
func (k checker) opened(ctx context.Context, asked string) error {
	var err error
	if k.device, err = k.openDevice(k.runtime); err != nil {
		return err
	}
	m, err := pipeline.Directory(k.runtime.ModelsDir).Open(asked, nil)
	if err != nil {
		return err
	}
	return k.model(ctx, m)
}

func (k checker) addon(ctx context.Context, e inventory.Entry) error {
	if e.Err != nil {
		return e.Err
	}
	if e.Kind == inventory.Upscaler {
		if err := k.upscaler(ctx, e.Path); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	sum, err := inventory.Verify(e.Path, filehash.Open(""), nil)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(k.stdout, "%s: good. %s, %s, SHA-256 %s\n", e.Name, describeEntry(e), size(e.Bytes), sum)
	return err
}

// upscaler enlarges a small image with an upscaler.
func (k checker) upscaler(ctx context.Context, path string) (err error) {
	if k.device.Kind == "" {
		if k.device, err = k.openDevice(k.runtime); err != nil {
			return err
		}
	}
	u, err := pipeline.OpenUpscaler(path)
	if err != nil {
		return err
	}
	return pipeline.CheckUpscaler(ctx, u, k.device)
}

// values reads all safetensors of a model, that of a VAE that it takes from another file too.
func (k checker) values(m *folder.Model) error {
	for _, f := range m.Files {
		path := f.Path
		if !strings.EqualFold(filepath.Ext(path), ".safetensors") || k.verified[path] {
			continue
		}
		k.verified[path] = true
		if _, err := inventory.Verify(path, filehash.Open(""), nil); err != nil {
			return err
		}
	}
	return nil
}

func (k checker) model(ctx context.Context, m *folder.Model) error {
	if err := k.values(m); err != nil {
		return err
	}
	warnings, err := pipeline.Check(ctx, m, k.device)
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: good. %s, %s\n", m.Name, pipeline.Describe(m.Config), pipeline.Abilities(m))
	for _, warning := range warnings {
		fmt.Fprintf(&text, "%s: a little less exact: %s\n", m.Name, warning)
	}
	for _, note := range pipeline.Notes(m) {
		fmt.Fprintf(&text, "%s: %s\n", m.Name, labelled(m, note))
	}
	_, err = fmt.Fprint(k.stdout, text.String())
	return err
}

// labelled says of a note whether it is a guess by the model's name, or something that is not followed.
func labelled(m *folder.Model, note string) string {
	for _, trait := range m.Guess.Traits {
		if strings.Contains(note, "a model "+trait+"; this is a guess") {
			return "guess: " + note
		}
	}
	return "not followed: " + note
}
