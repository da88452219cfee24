package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"darkroom/render"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/request"
	"darkroom/render/sampler"
)

// Check loads a model and renders as few steps with it as its sampler takes, usually one, which is where networks that
// do not fit together show. It returns what makes the model less exact than its source, if anything does.
func Check(ctx context.Context, f *folder.Model, device onnx.Device) (warnings []string, err error) {
	p, err := Load(ctx, f, device, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	one, steps := 1, leastSteps(f)
	available := request.Available{Models: []request.Card{Card(f)}}
	resolved, refusal := request.ResolveExact(
		request.Wanted{Prompt: "a red boat", Steps: &steps, Count: &one}, available, 0,
	)
	if refusal != nil {
		return nil, fmt.Errorf("model folder %s: %w", f.Dir, refusal)
	}
	if _, err := p.Render(ctx, resolved.Spec, render.Job{}); err != nil {
		return nil, fmt.Errorf("model folder %s: %w", f.Dir, err)
	}
	if f.Upscaler != nil {
		if err := CheckUpscaler(ctx, f.Upscaler, device); err != nil {
			return nil, fmt.Errorf("model folder %s: %w", f.Dir, err)
		}
	}
	for _, warning := range p.Model.Warnings() {
		warnings = append(warnings, fmt.Sprint(warning))
	}
	return warnings, nil
}

// leastSteps is the least number of steps that the model's default sampler takes.
func leastSteps(f *folder.Model) int {
	card := Card(f).WithDefaults()
	method, err := sampler.Find(card.Dialect, card.Defaults.Sampler)
	for n := 1; err == nil && n < card.Defaults.Steps; n++ {
		if _, err := method.Plan(Config(f.Config).Sampler, n); err == nil {
			return n
		}
	}
	return card.Defaults.Steps
}

// Abilities says in words what can be done with a model.
func Abilities(f *folder.Model) string {
	can := []string{"sampler " + Card(f).WithDefaults().Defaults.Sampler}
	if f.Config.CanEncode {
		can = append(can, "starts from pictures")
	}
	if n := f.Config.SkippableLayers; n > 0 {
		can = append(can, fmt.Sprintf("clip skip up to %d", n+1))
	}
	if sizes := Sizes(f); len(sizes) > 0 {
		var texts []string
		for _, size := range sizes {
			texts = append(texts, fmt.Sprintf("%dx%d", size.Width, size.Height))
		}
		can = append(can, "sizes "+strings.Join(texts, " "))
	} else {
		best := Card(f).WithDefaults().Defaults.Size
		can = append(can, fmt.Sprintf("any size in multiples of %d, best %dx%d",
			f.Config.SizeMultiple, best.Width, best.Height))
	}
	if n := len(f.Card.Vocabulary()); n > 0 {
		can = append(can, fmt.Sprintf("knows %d words", n))
	}
	return strings.Join(can, ", ")
}

// FewSteps says in words which settings a model's card names for few steps, "" if it names none.
func FewSteps(f *folder.Model) string {
	card, ok := FewStepCard(f)
	if !ok {
		return ""
	}
	d := card.WithDefaults().Defaults
	return fmt.Sprintf("few steps: %d of %s with guidance %v", d.Steps, d.Sampler, d.GuidanceScale)
}
