//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"darkroom/config"
	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/inventory"
	"darkroom/render/pipeline"
)

// checkModelFiles reads models or an add-on as a whole, renders one step with each model and prints what it can do.
func checkModelFiles(ctx context.Context, s invocation) error {
	c := s.settings.Models.Check
	v, err := pipeline.Directory(c.Runtime.ModelsDir).Inventory(nil)
	if err != nil {
		return err
	}
	if e, found := findAddon(v, c.Name); found {
		return checkAddon(s, e)
	}
	if err := openRuntime(c.Runtime); err != nil {
		return err
	}
	models, faults, err := modelsToCheck(ctx, v, c.Name, c.Runtime)
	if err != nil {
		return err
	}
	for _, m := range models {
		if err := checkModel(ctx, s, m, c.Runtime); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// findAddon finds the add-on of a name or path, unless a model has it.
func findAddon(v *inventory.Inventory, asked string) (inventory.Entry, bool) {
	entries := v.Entries()
	named := func(e inventory.Entry) bool { return e.Name == asked || e.Path == asked }
	if slices.ContainsFunc(entries, func(e inventory.Entry) bool { return named(e) && e.Kind.IsModel() }) {
		return inventory.Entry{}, false
	}
	i := slices.IndexFunc(entries, named)
	if i < 0 {
		return inventory.Entry{}, false
	}
	return entries[i], true
}

func checkAddon(s invocation, e inventory.Entry) error {
	if e.Err != nil {
		return e.Err
	}
	sum, err := inventory.Verify(e.Path, filehash.Open(""), nil)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.stdout, "%s: good. %s, %s, SHA-256 %s\n", e.Name, describeEntry(e), size(e.Bytes), sum)
	return err
}

// modelsToCheck opens and hashes the model that was asked for, or all.
func modelsToCheck(
	ctx context.Context, v *inventory.Inventory, asked string, r config.Runtime,
) (models []*folder.Model, faults []error, err error) {
	if asked != "" {
		m, err := pipeline.Directory(r.ModelsDir).Open(asked, nil)
		return []*folder.Model{m}, nil, err
	}
	v.HashNow(ctx, func(e inventory.Entry) bool { return e.Kind.IsModel() })
	return v.Models(), v.Faults(), context.Cause(ctx)
}

func checkModel(ctx context.Context, s invocation, m *folder.Model, r config.Runtime) error {
	if len(m.Files) == 1 { // a checkpoint
		if _, err := inventory.Verify(m.Files[0].Path, filehash.Open(""), nil); err != nil {
			return err
		}
	}
	warnings, err := pipeline.Check(ctx, m, device(r))
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: good. %s, %s\n", m.Name, pipeline.Describe(m.Config), pipeline.Abilities(m))
	for _, warning := range warnings {
		fmt.Fprintf(&text, "%s: a little less exact: %s\n", m.Name, warning)
	}
	for _, note := range pipeline.Notes(m) {
		fmt.Fprintf(&text, "%s: not followed: %s\n", m.Name, note)
	}
	_, err = fmt.Fprint(s.stdout, text.String())
	return err
}
