package render

import (
	"darkroom/render/tensor"
)

// lead puts all that leads a call below each other, each text's as often as there are tiles: the negative prompt's
// first, if it takes part. The latents x are those of the tiles.
func (p *painting) lead(said text, call, tiles int, x tensor.Tensor) Given {
	var hidden, pooled []tensor.Tensor
	add := func(t track) {
		read, _ := t.at(call)
		hidden = append(hidden, tensor.Repeat(read.Hidden, tiles))
		if !read.Pooled.Empty() {
			pooled = append(pooled, tensor.Repeat(read.Pooled, tiles))
		}
	}
	if len(said.negative.stages) > 0 {
		add(said.negative)
	}
	for _, t := range said.terms {
		add(t.track)
	}
	return Given{Hidden: tensor.Stack(hidden...), Pooled: tensor.Stack(pooled...)}
}
