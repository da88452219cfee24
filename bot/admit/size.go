package admit

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"darkroom/render/picture"
)

// widest is the most extreme aspect ratio that is painted, as width to height or height to width.
const maxAspect = 4.0

// step is what the sides of a free size are at least, and multiples of when an aspect ratio is turned into a size. See
// Model.grid.
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
	return Size{width, height}, true
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
	_, width := firstRune(text[i:])
	return strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+width:]), true
}

func firstRune(s string) (rune, int) {
	for i, r := range s {
		return r, len(string(r)) + i
	}
	return 0, 0
}

// sizes returns the sizes that a model is asked for by aspect ratio.
func (m Model) sizes() []Size {
	if len(m.Sizes) > 0 {
		return m.Sizes
	}
	var out []Size
	area := float64(m.Defaults.Size.pixels())
	for _, ratio := range []float64{1, 3. / 2, 2. / 3, 4. / 3, 3. / 4, 16. / 9, 9. / 16} {
		out = append(out, m.freeSize(ratio, area))
	}
	return out
}

// paints tells whether a model takes a size as it is.
func (m Model) supports(s Size) bool {
	if len(m.Sizes) > 0 {
		return slices.Contains(m.Sizes, s)
	}
	return s.Width%m.Multiple == 0 && s.Height%m.Multiple == 0
}

// grid is the smallest multiple of what the model takes that is no less than step.
func (m Model) grid() int { return (minStep + m.Multiple - 1) / m.Multiple * m.Multiple }

// fit rounds a side to a multiple within what can be painted.
func (m Model) roundSide(side float64, multiple int) int {
	n := int(math.Round(side/float64(multiple))) * multiple
	return max(m.grid(), min(picture.MaxSide/multiple*multiple, n))
}

// freeSize returns the size of a ratio nearest to an area, for models that paint any size.
func (m Model) freeSize(ratio, area float64) Size {
	ratio = math.Max(1/maxAspect, math.Min(maxAspect, ratio))
	side := func(x float64) int { return m.roundSide(x, m.grid()) }
	return Size{side(math.Sqrt(area * ratio)), side(math.Sqrt(area / ratio))}
}

// byAspect returns the offered size nearest to a ratio, and of those the one nearest to the default's area.
func (m Model) byAspect(ratio float64) Size {
	if len(m.Sizes) == 0 {
		return m.freeSize(ratio, float64(m.Defaults.Size.pixels()))
	}
	return nearest(m.Sizes, ratio, m.Defaults.Size.pixels())
}

// bySize returns the offered size nearest to a wanted one: by aspect first, then by area.
func (m Model) bySize(want Size) Size {
	if len(m.Sizes) > 0 {
		return nearest(m.Sizes, float64(want.Width)/float64(want.Height), want.pixels())
	}
	s := Size{m.roundSide(float64(want.Width), m.Multiple), m.roundSide(float64(want.Height), m.Multiple)}
	if most := 4 * m.Defaults.Size.pixels(); s.pixels() > most {
		return m.freeSize(float64(want.Width)/float64(want.Height), float64(most))
	}
	return s
}

// within returns the offered size nearest in aspect to s, then in area, that has at most so many pixels.
func (m Model) largestWithin(s Size, pixels int) (Size, bool) {
	ratio := float64(s.Width) / float64(s.Height)
	if len(m.Sizes) == 0 {
		for area := float64(pixels); area >= minStep*minStep; area *= 0.9 {
			if f := m.freeSize(ratio, area); f.pixels() <= pixels {
				return f, true
			}
		}
		return Size{}, false
	}
	var fit []Size
	for _, o := range m.Sizes {
		if o.pixels() <= pixels {
			fit = append(fit, o)
		}
	}
	if len(fit) == 0 {
		return Size{}, false
	}
	return nearest(fit, ratio, s.pixels()), true
}

// nearest compares aspects on a logarithmic scale, so that 2:1 and 1:2 are equally far from a square.
func nearest(from []Size, ratio float64, pixels int) Size {
	best, off, gap := from[0], math.Inf(1), math.Inf(1)
	for _, s := range from {
		o := math.Abs(math.Log(float64(s.Width) / float64(s.Height) / ratio))
		g := math.Abs(math.Log(float64(s.pixels()) / float64(pixels)))
		if o < off-1e-9 || math.Abs(o-off) <= 1e-9 && g < gap {
			best, off, gap = s, o, g
		}
	}
	return best
}
