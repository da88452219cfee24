//go:build cgo

package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"

	"darkroom/render/download"
	"darkroom/render/inventory"
	"darkroom/render/pipeline"
)

// file fetches one file, whatever it is.
func (p *puller) file(ctx context.Context) error {
	f := &p.choice.Files[0]
	p.choice.As = p.fileName(path.Base(f.Path))
	kind, err := kindByName(p.choice.As, inventory.Kind(p.pull.As))
	if err != nil {
		return err
	}
	v, err := pipeline.Directory(p.modelsDir()).Inventory(nil)
	if err != nil {
		return err
	}
	for _, e := range v.Entries() {
		if e.Hash == f.SHA256 && f.SHA256 != "" {
			_, err := fmt.Fprintf(p.stdout, "%s: it is here already\n", e.Path)
			return err
		}
	}
	target := p.modelsDir()
	if kind != "" {
		target = inventory.Target(p.modelsDir(), p.choice.As, kind)
		if err := p.free(kind); err != nil {
			return err
		}
	}
	if err := p.confirm(target); err != nil {
		return err
	}
	return p.staged(func(s *download.Stage) (bool, error) {
		if err := p.fetch(ctx, s, s.Path("")); err != nil {
			return false, err
		}
		return p.place(ctx, v, s.Path(p.choice.As), kind)
	})
}

// fileName is what a file is called: by the setting, by its own name, or by its repository's if every program gives
// such files the same name.
func (p *puller) fileName(base string) string {
	ext := path.Ext(base)
	switch {
	case p.pull.Name != "":
		return strings.TrimSuffix(p.pull.Name, ext) + ext
	case inventory.SaysNothing(base):
		return p.repository.Name.Model + ext
	}
	return base
}

// kindByName tells what a file is, "" where its content must tell, and refuses what cannot be used.
func kindByName(name string, as inventory.Kind) (inventory.Kind, error) {
	switch {
	case as != "":
		return as, inventory.CheckName(name, as)
	case strings.EqualFold(path.Ext(name), ".safetensors"):
		return "", nil
	}
	return inventory.Recognise(name)
}

// place checks a file that has come, and puts it in its place. It tells whether that is done, for good or ill: what a
// person can mend without another download is not.
func (p *puller) place(ctx context.Context, v *inventory.Inventory, file string, kind inventory.Kind) (bool, error) {
	var err error
	if kind == "" {
		if kind, err = inventory.Recognise(file); err != nil {
			return false, fmt.Errorf("%w; it is kept for the same command with --as", err)
		}
	}
	if err := p.free(kind); err != nil {
		return false, err
	}
	if kind == inventory.Checkpoint {
		k := checker{invocation: p.invocation, runtime: p.pull.Runtime, verified: map[string]bool{}}
		if k.device, err = p.openDevice(p.pull.Runtime); err != nil {
			return false, err
		}
		if err := p.check(ctx, k, file); err != nil {
			return ctx.Err() == nil, err
		}
	}
	s := p.invocation
	s.settings.Models.Import.ModelsDir = p.modelsDir()
	return true, importFile(s, v, file, kind, inventory.Move)
}

// free tells where a file of the choice's name lies already.
func (p *puller) free(kind inventory.Kind) error {
	target := inventory.Target(p.modelsDir(), p.choice.As, kind)
	if _, err := os.Lstat(target); err == nil {
		return fmt.Errorf("%s is there already, with another content: remove it, or give another --name", target)
	}
	return nil
}
