//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"darkroom/render/folder"
	"darkroom/render/pipeline"
)

// listModels prints what a renderer on this machine would offer.
func listModels(_ context.Context, s invocation) error {
	folders, faults := pipeline.Directory(s.settings.Models.List.Runtime.ModelsDir).OpenAll()
	for _, f := range folders {
		what := pipeline.Describe(f.Config)
		if quick := pipeline.FewSteps(f); quick != "" {
			what += ", " + quick
		}
		_, err := fmt.Fprintf(s.stdout, "%s  %s  %d MiB  %s  %s\n", f.Name, f.Hash[:12], f.Bytes>>20, what, f.Dir)
		if err != nil {
			return err
		}
	}
	return errors.Join(faults...)
}

// checkModelFolders loads models one after the other, renders one step with each and prints what it can do.
func checkModelFolders(ctx context.Context, s invocation) error {
	c := s.settings.Models.Check
	if err := openRuntime(c.Runtime); err != nil {
		return err
	}
	directory := pipeline.Directory(c.Runtime.ModelsDir)
	var folders []*folder.Model
	var faults []error
	if c.Folder == "" {
		folders, faults = directory.OpenAll()
	} else {
		f, err := directory.Open(c.Folder)
		if err != nil {
			return err
		}
		folders = []*folder.Model{f}
	}
	for _, f := range folders {
		warnings, err := pipeline.Check(ctx, f, device(c.Runtime))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		var text strings.Builder
		fmt.Fprintf(&text, "%s: good. %s, %s\n", f.Name, pipeline.Describe(f.Config), pipeline.Abilities(f))
		for _, warning := range warnings {
			fmt.Fprintf(&text, "%s: a little less exact: %s\n", f.Name, warning)
		}
		for _, note := range pipeline.Notes(f) {
			fmt.Fprintf(&text, "%s: not followed: %s\n", f.Name, note)
		}
		if _, err := fmt.Fprint(s.stdout, text.String()); err != nil {
			return err
		}
	}
	return errors.Join(faults...)
}
