//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"darkroom/config"
	"darkroom/render"
	"darkroom/render/folder"
	"darkroom/render/pipeline"
)

// listModels prints what a renderer on this machine would offer.
func listModels(_ context.Context, s invocation) error {
	folders, faults := openFolders(s.settings.Models.List.Runtime)
	for _, f := range folders {
		_, err := fmt.Fprintf(s.stdout, "%s  %s  %d MiB  %s%s  %s\n", f.Name, f.Hash[:12], f.Bytes>>20, pipeline.Describe(f.Config), fewStepsText(f), f.Dir)
		if err != nil {
			return err
		}
	}
	return errors.Join(faults...)
}

// fewStepsText tells the settings for few steps, if the model names any.
func fewStepsText(f *folder.Folder) string {
	card, ok := pipeline.FewStepCard(f)
	if !ok {
		return ""
	}
	d := card.WithDefaults().Defaults
	return fmt.Sprintf(", few steps: %d of %s with guidance %v", d.Steps, d.Sampler, d.GuidanceScale)
}

// checkModelFolders loads models one after the other, paints one step with each and prints what it can do.
func checkModelFolders(ctx context.Context, s invocation) error {
	c := s.settings.Models.Check
	if err := openRuntime(c.Runtime); err != nil {
		return err
	}
	folders, faults := openFolders(c.Runtime)
	if c.Folder != "" {
		f, err := openFolder(c.Runtime, c.Folder)
		if err != nil {
			return err
		}
		folders, faults = []*folder.Folder{f}, nil
	}
	for _, f := range folders {
		if err := checkModel(ctx, s, c.Runtime, f); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func checkModel(ctx context.Context, s invocation, r config.Runtime, f *folder.Folder) error {
	p, err := pipeline.Load(ctx, f, device(r))
	if err != nil {
		return err
	}
	if err := tryModel(ctx, r, p); err != nil {
		return errors.Join(fmt.Errorf("model folder %s: %w", f.Dir, err), p.Close())
	}
	_, err = fmt.Fprintf(s.stdout, "%s: good. %s, %s\n", f.Name, pipeline.Describe(f.Config), abilities(f))
	for _, warning := range p.Model.Warnings() {
		_, err2 := fmt.Fprintf(s.stdout, "%s: a little less exact: %v\n", f.Name, warning)
		err = errors.Join(err, err2)
	}
	return errors.Join(err, p.Close())
}

// tryModel paints one step, which is where networks that do not fit together are found out.
func tryModel(ctx context.Context, r config.Runtime, p *pipeline.Pipeline) error {
	once := 1
	o := drawRequest{settings: config.Draw{Runtime: r, Prompt: "a red boat", Steps: &once, Count: 1}, folder: p.Folder}
	if err := o.resolve(); err != nil {
		return err
	}
	_, err := p.Render(ctx, o.spec, render.Job{})
	return err
}

func abilities(f *folder.Folder) string {
	var can []string
	if f.Config.CanEncode {
		can = append(can, "starts from pictures")
	}
	if n := f.Config.SkippableLayers; n > 0 {
		can = append(can, fmt.Sprintf("clip skip up to %d", n+1))
	}
	if sizes := pipeline.Sizes(f); len(sizes) > 0 {
		var texts []string
		for _, size := range sizes {
			texts = append(texts, fmt.Sprintf("%dx%d", size.Width, size.Height))
		}
		can = append(can, "sizes "+strings.Join(texts, " "))
	} else {
		best := pipeline.Card(f).WithDefaults().Defaults.Size
		can = append(can, fmt.Sprintf("any size in multiples of %d, best %dx%d", f.Config.SizeMultiple, best.Width, best.Height))
	}
	if n := len(f.Card.Vocabulary()); n > 0 {
		can = append(can, fmt.Sprintf("knows %d words", n))
	}
	return strings.Join(can, ", ")
}
