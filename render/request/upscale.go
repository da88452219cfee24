package request

import "darkroom/render/picture"

// repaintStrength is how much an image is repainted that no network enlarged: A1111's SD upscale is advised with 0.2 to
// 0.3, and its lines stay where they are at the lower end.
const repaintStrength = 0.2

// creativeStrength is how much an image is repainted that shall get new detail: what A1111's users take for a hires
// fix, which is advised with 0.3 to 0.5.
const creativeStrength = 0.4

// Upscale resolves a Spec that a button derived from an earlier one: the same image, larger by a factor. The model's
// own upscaler enlarges it. Without one it is enlarged by Lanczos's filter, and repainted a little in tiles of a size
// that the model knows. A creative upscale repaints it more, whatever enlarged it. There must be a model.
func Upscale(spec picture.Spec, by float64, creative bool, available Available) (Resolved, *Refusal) {
	r := derived(spec, available)
	s := &r.Spec
	s.Upscale, s.Upscaler = &picture.Upscale{Scale: by}, r.Card.Upscaler
	strength := repaintStrength
	if creative {
		strength = creativeStrength
	}
	if creative && !r.Card.ImageToImage {
		return Resolved{}, Refuse("Use the subtle upscale.", "%s cannot paint new detail into an image.", r.Card.Name)
	}
	if creative || s.Upscaler == nil && r.Card.ImageToImage {
		tile := r.Card.window(Size{Width: s.Width, Height: s.Height})
		s.Upscale.Steps, s.Upscale.Strength, s.Upscale.Tile = s.Steps, strength, &tile
	}
	if size := s.Enlarged(); size.Width > picture.MaxSide || size.Height > picture.MaxSide {
		return Resolved{}, Refuse("", "Too large to upscale: at most %d pixels a side.", picture.MaxSide)
	}
	return r.finish()
}

// window returns a size that the model knows for working on an image part by part: the one that covers it with the
// fewest parts, then the one nearest in aspect.
func (c Card) window(s Size) Size {
	if len(c.Sizes) == 0 {
		return c.freeWindow(s)
	}
	parts := func(o Size) int { return (s.Width + o.Width - 1) / o.Width * ((s.Height + o.Height - 1) / o.Height) }
	var best []Size
	for _, o := range c.Sizes {
		switch {
		case o.Width > s.Width || o.Height > s.Height:
		case len(best) == 0 || parts(o) < parts(best[0]):
			best = []Size{o}
		case parts(o) == parts(best[0]):
			best = append(best, o)
		}
	}
	if len(best) == 0 {
		return c.bySize(s)
	}
	return nearest(best, float64(s.Width)/float64(s.Height), s.Pixels())
}

// maxWindowShare is how many times the area of its default size a model without fixed sizes works on at once. People
// use such models a little above the size they were trained on.
const maxWindowShare = 1.5

// freeWindow is window for models that paint any size.
func (c Card) freeWindow(s Size) Size {
	area := float64(c.Defaults.Size.Pixels())
	if c.Supports(s) && float64(s.Pixels()) <= maxWindowShare*area {
		return s
	}
	best := c.freeSize(float64(s.Width)/float64(s.Height), area)
	fit := func(side, most int) int { return max(min(side, most/c.Multiple*c.Multiple), c.Multiple) }
	return Size{Width: fit(best.Width, s.Width), Height: fit(best.Height, s.Height)}
}
