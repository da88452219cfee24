package render

import (
	"math"

	"darkroom/render/tensor"
)

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
	conditioning := Conditioning{Hidden: tensor.Stack(hidden...), Pooled: tensor.Stack(pooled...)}
	c, n := p.parts.Config, len(hidden)*tiles
	if c.PooledConditioning {
		conditioning.TimeIDs = timeIDs(n, x.Shape[2]*c.PixelsPerLatent, x.Shape[3]*c.PixelsPerLatent)
	}
	if c.GuidanceWidth > 0 {
		conditioning.Guidance = tensor.Repeat(guidanceEmbedding(p.spec.GuidanceScale, c.GuidanceWidth), n)
	}
	return conditioning
}

// timeIDs tells SDXL that a picture of this size was cut out of nothing larger: its original height and width, the
// corner it was cut out at, and the height and width to paint. Both dialects do so by default.
func timeIDs(n, height, width int) tensor.Tensor {
	h, w := float32(height), float32(width)
	return tensor.Repeat(tensor.Tensor{Shape: []int{1, 6}, Data: []float32{h, w, 0, 0, h, w}}, n)
}

// guidanceEmbedding writes a guidance scale as an LCM reads it (Luo et al., 2023, after Vaswani et al., 2017): with
// w = scale − 1, sines and then cosines of 1000·w·10000^(−i/(d/2−1)). Each operation is rounded to float32, as
// diffusers' get_guidance_scale_embedding does it.
func guidanceEmbedding(scale float64, width int) tensor.Tensor {
	out := tensor.New(1, width)
	half := width / 2
	w := float32(scale-1) * 1000
	fall := float32(math.Log(10000)) / float32(half-1)
	for i := range half {
		at := float64(w * float32(math.Exp(float64(float32(i)*-fall))))
		out.Data[i], out.Data[half+i] = float32(math.Sin(at)), float32(math.Cos(at))
	}
	return out
}
