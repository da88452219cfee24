//go:build cgo

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"darkroom/config"
	"darkroom/render"
	"darkroom/render/easel"
	"darkroom/render/onnx"
)

// listModels prints what a renderer on this machine would offer.
func listModels(_ context.Context, s shop) error {
	folders, faults := openFolders(s.settings.Models.List.Runtime)
	for _, f := range folders {
		_, err := fmt.Fprintf(s.stdout, "%s  %s  %d MiB  %s%s  %s\n", f.Name, f.Hash[:12], f.Bytes>>20, easel.Describe(f.Config), hurried(f), f.Dir)
		if err != nil {
			return err
		}
	}
	return errors.Join(faults...)
}

// hurried tells how a model is painted with in a hurry, if its card says so.
func hurried(f *onnx.Folder) string {
	quick, ok := easel.Quick(f)
	if !ok {
		return ""
	}
	return fmt.Sprintf(", few steps: %d of %s with guidance %v", cmp.Or(quick.Steps, plainSteps), cmp.Or(quick.Sampler, plainSampler), cmp.Or(quick.GuidanceScale, plainGuidance))
}

// checkModelFolders loads models one after the other, paints one step with each and prints what it can do.
func checkModelFolders(ctx context.Context, s shop) error {
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
		folders, faults = []*onnx.Folder{f}, nil
	}
	for _, f := range folders {
		if err := checkModel(ctx, s, c.Runtime, f); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func checkModel(ctx context.Context, s shop, r config.Runtime, f *onnx.Folder) error {
	e, err := easel.Load(ctx, f, device(r))
	if err != nil {
		return err
	}
	if err := tryModel(ctx, r, e); err != nil {
		return errors.Join(fmt.Errorf("model folder %s: %w", f.Dir, err), e.Close())
	}
	_, err = fmt.Fprintf(s.stdout, "%s: good. %s, %s\n", f.Name, easel.Describe(f.Config), abilities(f))
	for _, doubt := range e.Model.Doubts() {
		_, err2 := fmt.Fprintf(s.stdout, "%s: a little less exact: %v\n", f.Name, doubt)
		err = errors.Join(err, err2)
	}
	return errors.Join(err, e.Close())
}

// tryModel paints one step, which is where networks that do not fit together are found out.
func tryModel(ctx context.Context, r config.Runtime, e *easel.Easel) error {
	once := 1
	o := order{settings: config.Draw{Runtime: r, Prompt: "a red boat", Steps: &once, Count: 1}, folder: e.Folder}
	if err := o.take(); err != nil {
		return err
	}
	_, err := e.Paint(ctx, o.spec, render.Job{})
	return err
}

func abilities(f *onnx.Folder) string {
	var can []string
	if f.Config.CanEncode {
		can = append(can, "starts from pictures")
	}
	if n := f.Config.Skips; n > 0 {
		can = append(can, fmt.Sprintf("clip skip up to %d", n+1))
	}
	if sizes := offeredSizes(f); len(sizes) > 0 {
		var texts []string
		for _, size := range sizes {
			texts = append(texts, fmt.Sprintf("%dx%d", size.Width, size.Height))
		}
		can = append(can, "sizes "+strings.Join(texts, " "))
	} else {
		best := cmp.Or(easel.Defaults(f).Size, onnx.Size{Width: plainSide, Height: plainSide})
		can = append(can, fmt.Sprintf("any size in multiples of %d, best %dx%d", f.Config.Multiple, best.Width, best.Height))
	}
	if n := len(f.Card.Vocabulary()); n > 0 {
		can = append(can, fmt.Sprintf("knows %d words", n))
	}
	return strings.Join(can, ", ")
}

// offeredSizes lists the only sizes that a model paints; none for any.
func offeredSizes(f *onnx.Folder) []onnx.Size {
	if f.Config.Fixed != (onnx.Size{}) {
		return []onnx.Size{f.Config.Fixed}
	}
	return slices.Clone(f.Card.Sizes)
}
