package request

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"darkroom/render/picture"
)

// maxAspect is the most extreme aspect ratio that is rendered, as width to height or height to width.
const maxAspect = 4.0

// minStep is the least side of a free size. Sizes that come from an aspect ratio are multiples of it, see Card.grid.
const minStep = 64

// ParseSize reads "512x768"; the cross may be x, X, × or *.
func ParseSize(text string) (Size, bool) {
	w, h, found := cutAny(text, "xX×*")
	if !found {
		return Size{}, false
	}
	width, werr := strconv.Atoi(w)
	height, herr := strconv.Atoi(h)
	if werr != nil || herr != nil || width < 1 || height < 1 || width > 1<<16 || height > 1<<16 {
		return Size{}, false
	}
	return Size{Width: width, Height: height}, true
}

// parseAspect reads "3:2" (or 3/2, 3x2, 1.5) as a ratio of width to height.
func parseAspect(text string) (float64, bool) {
	w, h, found := cutAny(text, ":/xX×")
	if !found {
		w, h = text, "1"
	}
	width, werr := strconv.ParseFloat(w, 64)
	height, herr := strconv.ParseFloat(h, 64)
	ratio := width / height
	if werr != nil || herr != nil || !(width > 0) || !(height > 0) || math.IsInf(ratio, 0) || !(ratio > 0) {
		return 0, false
	}
	return ratio, true
}

func cutAny(text, marks string) (before, after string, found bool) {
	i := strings.IndexAny(text, marks)
	if i < 0 {
		return "", "", false
	}
	_, width := utf8.DecodeRuneInString(text[i:])
	return strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+width:]), true
}

// suggestedSizes returns a size for each usual aspect ratio.
func (c Card) suggestedSizes() []Size {
	if len(c.Sizes) > 0 {
		return c.Sizes
	}
	var out []Size
	area := float64(c.Defaults.Size.Pixels())
	for _, ratio := range []float64{1, 3. / 2, 2. / 3, 4. / 3, 3. / 4, 16. / 9, 9. / 16} {
		out = append(out, c.freeSize(ratio, area))
	}
	return out
}

// Supports tells whether the model renders a size as it is.
func (c Card) Supports(s Size) bool {
	if len(c.Sizes) > 0 {
		return slices.Contains(c.Sizes, s)
	}
	return s.Width%c.Multiple == 0 && s.Height%c.Multiple == 0
}

// grid is the smallest multiple of Multiple that is no less than minStep.
func (c Card) grid() int { return (minStep + c.Multiple - 1) / c.Multiple * c.Multiple }

// roundSide rounds a side to a multiple within what can be rendered.
func (c Card) roundSide(side float64, multiple int) int {
	n := int(math.Round(side/float64(multiple))) * multiple
	return max(c.grid(), min(picture.MaxSide/multiple*multiple, n))
}

// freeSize returns the size of a ratio nearest to an area, for models that render any size.
func (c Card) freeSize(ratio, area float64) Size {
	ratio = math.Max(1/maxAspect, math.Min(maxAspect, ratio))
	side := func(x float64) int { return c.roundSide(x, c.grid()) }
	return Size{Width: side(math.Sqrt(area * ratio)), Height: side(math.Sqrt(area / ratio))}
}

// byAspect returns the model's size nearest to a ratio, and of those the one nearest to the default's area.
func (c Card) byAspect(ratio float64) Size {
	if len(c.Sizes) == 0 {
		return c.freeSize(ratio, float64(c.Defaults.Size.Pixels()))
	}
	return nearest(c.Sizes, ratio, c.Defaults.Size.Pixels())
}

// bySize returns the model's size nearest to a wanted one: by aspect first, then by area.
func (c Card) bySize(want Size) Size {
	if len(c.Sizes) > 0 {
		return nearest(c.Sizes, float64(want.Width)/float64(want.Height), want.Pixels())
	}
	s := Size{Width: c.roundSide(float64(want.Width), c.Multiple), Height: c.roundSide(float64(want.Height), c.Multiple)}
	if most := 4 * c.Defaults.Size.Pixels(); s.Pixels() > most {
		return c.freeSize(float64(want.Width)/float64(want.Height), float64(most))
	}
	return s
}

// LargestWithin returns the model's size nearest in aspect to s, then in area, that has at most so many pixels. ok is
// false when the model has no size as small.
func (c Card) LargestWithin(s Size, pixels int) (size Size, ok bool) {
	ratio := float64(s.Width) / float64(s.Height)
	if len(c.Sizes) == 0 {
		for area := float64(pixels); area >= minStep*minStep; area *= 0.9 {
			if f := c.freeSize(ratio, area); f.Pixels() <= pixels {
				return f, true
			}
		}
		return Size{}, false
	}
	var fit []Size
	for _, o := range c.Sizes {
		if o.Pixels() <= pixels {
			fit = append(fit, o)
		}
	}
	if len(fit) == 0 {
		return Size{}, false
	}
	return nearest(fit, ratio, s.Pixels()), true
}

// nearest compares aspects on a logarithmic scale, so that 2:1 and 1:2 are equally far from a square.
func nearest(from []Size, ratio float64, pixels int) Size {
	best, off, gap := from[0], math.Inf(1), math.Inf(1)
	for _, s := range from {
		o := math.Abs(math.Log(float64(s.Width) / float64(s.Height) / ratio))
		g := math.Abs(math.Log(float64(s.Pixels()) / float64(pixels)))
		if o < off-1e-9 || math.Abs(o-off) <= 1e-9 && g < gap {
			best, off, gap = s, o, g
		}
	}
	return best
}
