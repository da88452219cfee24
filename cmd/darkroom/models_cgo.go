//go:build cgo

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"darkroom/render/inventory"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
)

// listModels prints what a renderer on this machine would offer: models, then add-ons.
func listModels(_ context.Context, s invocation) error {
	c := s.settings.Models.List
	s.noteMissingModels(c.Runtime.ModelsDir)
	v, err := pipeline.Directory(c.Runtime.ModelsDir).Inventory(nil)
	if err != nil {
		return err
	}
	show, device := printEntry, s.likelyDevice(c.Runtime)
	if c.JSON {
		show = printEntryJSON
	}
	for _, models := range []bool{true, false} {
		for _, e := range v.Entries() {
			if e.Kind.IsModel() != models || e.State != inventory.Ready && e.State != inventory.Unhashed {
				continue
			}
			if err := show(s.stdout, e, device); err != nil {
				return err
			}
		}
	}
	if p := v.Progress(); !p.Done() && !c.JSON {
		fmt.Fprintf(s.stdout, "%s hashed; a running renderer hashes the others in the background\n", p)
	}
	return errors.Join(v.Faults()...)
}

// printEntry prints a line: name, hash, size, what it is, a model's need for memory, path.
func printEntry(w io.Writer, e inventory.Entry, d onnx.Device) error {
	hash := "not hashed  "
	if e.Hash != "" {
		hash = e.Hash[:12]
	}
	name, need := e.Name, ""
	if e.Model != nil {
		name, need = e.Model.Name, needs(e, d)+"  "
	}
	_, err := fmt.Fprintf(w, "%s  %s  %s  %s  %s%s\n", name, hash, size(e.Bytes), describeEntry(e), need, e.Path)
	return err
}

// needs says how much memory a model takes while it is loaded.
func needs(e inventory.Entry, d onnx.Device) string {
	return "needs " + size(pipeline.Need(e.Model, d))
}

// kindInWords is what people call a kind.
func kindInWords(kind inventory.Kind) string {
	if kind.IsModel() {
		return string(kind)
	}
	return picture.KindName(string(kind))
}

// describeEntry says in words what an entry is.
func describeEntry(e inventory.Entry) string {
	words := []string{kindInWords(e.Kind)}
	if m := e.Model; m != nil {
		words = []string{pipeline.Describe(m.Config)}
		if quick := pipeline.FewSteps(m); quick != "" {
			words = append(words, quick)
		}
		for _, trait := range m.Guess.Traits {
			words = append(words, "guess: a model "+trait)
		}
		if vae := m.VAE; vae != nil {
			words = append(words, fmt.Sprintf("VAE %s (%s)", vae.Ref.Name, vae.Why))
		}
	}
	if a := e.Addon; a != nil {
		words = append(words, a.Families...)
		if a.Scale > 0 {
			words = append(words, fmt.Sprintf("%d×", a.Scale))
		}
		if a.Alias != "" {
			words = append(words, "also called "+a.Alias)
		}
		if len(a.Triggers) > 0 {
			words = append(words, "triggers: "+strings.Join(a.Triggers, "; "))
		}
		if a.NSFW {
			words = append(words, "nsfw")
		}
	}
	if e.Twin != "" {
		words = append(words, "the same as "+e.Twin)
	}
	return strings.Join(words, ", ")
}

func printEntryJSON(w io.Writer, e inventory.Entry, d onnx.Device) error {
	line := struct {
		Kind   inventory.Kind `json:"kind"`
		Name   string         `json:"name"`
		Path   string         `json:"path"`
		Bytes  int64          `json:"bytes"`
		Hash   string         `json:"hash,omitempty"`
		Family string         `json:"family,omitempty"`
		Fits   []string       `json:"families,omitempty"`
		Needs  int64          `json:"needs,omitempty"` // bytes of memory while it is loaded
		VAE    string         `json:"vae,omitempty"`   // the name of one that a checkpoint takes from another file
		SameAs string         `json:"same_as,omitempty"`
	}{Kind: e.Kind, Name: e.Name, Path: e.Path, Bytes: e.Bytes, Hash: e.Hash, SameAs: e.Twin}
	if m := e.Model; m != nil {
		line.Name, line.Family, line.Needs = m.Name, pipeline.Card(m).Family, pipeline.Need(m, d)
	}
	if e.Model != nil && e.Model.VAE != nil {
		line.VAE = e.Model.VAE.Ref.Name
	}
	if a := e.Addon; a != nil {
		line.Fits = a.Families
	}
	return json.NewEncoder(w).Encode(line)
}

// size writes an amount of bytes as people read it.
func size(bytes int64) string {
	switch {
	case bytes >= 10<<30:
		return fmt.Sprintf("%d GiB", bytes>>30)
	case bytes >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	case bytes >= 1<<20:
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%d KiB", (bytes+1023)>>10)
}
