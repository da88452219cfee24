package render

import "darkroom/render/tensor"

// lead puts all that leads a call below each other, each text's as often as there are tiles: the negative prompt's
// first, if it takes part. The latents x are those of the tiles.
func (p *run) conditioningFor(prompts passConditioning, call, tiles int, x tensor.Tensor) Conditioning {
	var hidden, pooled []tensor.Tensor
	add := func(t scheduledPrompt) {
		read, _ := t.at(call)
		hidden = append(hidden, tensor.Repeat(read.Hidden, tiles))
		if !read.Pooled.Empty() {
			pooled = append(pooled, tensor.Repeat(read.Pooled, tiles))
		}
	}
	if len(prompts.negative.stages) > 0 {
		add(prompts.negative)
	}
	for _, t := range prompts.terms {
		add(t.scheduledPrompt)
	}
	c := p.parts.Config
	height, width := x.Shape[2]*c.PixelsPerLatent, x.Shape[3]*c.PixelsPerLatent
	return c.Conditioning(tensor.Stack(hidden...), tensor.Stack(pooled...), height, width, p.spec.GuidanceScale)
}
