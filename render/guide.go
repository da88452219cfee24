package render

import (
	"context"
	"fmt"
	"strings"

	"darkroom/render/picture"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// guided tells whether the negative prompt takes part. At a guidance scale of 1 it has no say, unless several prompts
// lead or one leads by a weight. Below 1 diffusers leaves it out too (do_classifier_free_guidance is scale > 1); A1111
// always asks for it, so there it leads below 1. A model that is told the guidance scale needs none.
func (p *run) guided() bool {
	if p.parts.Config.GuidesItself() {
		return false
	}
	if len(p.terms) > 1 || p.terms[0].Weight != 1 {
		return true
	}
	if p.spec.Dialect == picture.A1111 {
		return p.spec.GuidanceScale != 1
	}
	return p.spec.GuidanceScale > 1
}

// predict returns the model for a group of tiles on their walk through a pass. Each call of it is the next of those
// that prompt editing counts.
func (p *run) predictor(prompts passConditioning, tiles int) sampler.Predict {
	call := -1
	var key string // of the texts that stacked holds
	var conditioning Conditioning
	return func(ctx context.Context, x tensor.Tensor, time float64) (tensor.Tensor, error) {
		call++
		if now := prompts.key(call); call == 0 || now != key {
			key, conditioning = now, p.conditioningFor(prompts, call, tiles, x)
		}
		runs := conditioning.Hidden.Batch() / tiles
		if runs > 1 {
			x = tensor.Repeat(x, runs)
		}
		out, err := p.unetFor(x.Shape[2], x.Shape[3]).Unet(ctx, appendChannels(x, prompts.inpaintChannels), time, conditioning)
		if err != nil {
			return out, err
		}
		if len(out.Shape) != 4 || out.Batch() != x.Batch() {
			return tensor.Tensor{}, fmt.Errorf("the UNet answers shape %v to a batch of %v", out.Shape, x.Shape)
		}
		if runs == 1 {
			return out, nil
		}
		return p.applyGuidance(prompts, out, tiles), nil
	}
}

// guide is classifier-free guidance (Ho and Salimans, 2022), towards several prompts where AND composes them (Liu et
// al., 2022). The batch holds all tiles with the negative prompt, then all with each prompt:
//
//	out = negative + Σ scale·weight·(positive − negative)
func (p *run) applyGuidance(prompts passConditioning, out tensor.Tensor, tiles int) tensor.Tensor {
	without := out.Rows(0, tiles)
	var guided tensor.Tensor
	for i, t := range prompts.terms {
		with, by := out.Rows((i+1)*tiles, (i+2)*tiles), float32(p.spec.GuidanceScale*t.weight)
		if i == 0 {
			guided = tensor.Lerp(without, with, by)
			continue
		}
		guided = tensor.Sum(1, guided, by, tensor.Sum(1, with, -1, without))
	}
	if p.spec.Rescale > 0 {
		return rescale(guided, out.Rows(tiles, 2*tiles), p.spec.Rescale)
	}
	return guided
}

// key tells apart the texts of two calls.
func (t passConditioning) key(call int) string {
	var b strings.Builder
	for _, term := range t.terms {
		_, text := term.at(call)
		fmt.Fprintf(&b, "%q ", text)
	}
	if len(t.negative.stages) > 0 {
		_, text := t.negative.at(call)
		fmt.Fprintf(&b, "%q", text)
	}
	return b.String()
}
