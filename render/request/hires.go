package request

import (
	"math"

	"darkroom/render/picture"
)

// hiresStrength is how much the second pass repaints: A1111's default. Enlarged latents are blurred, and less leaves
// them so.
const hiresStrength = 0.7

// hires settles the second pass at a larger size. It takes as many steps as the first one, as A1111's does by default.
func (r *resolution) hires(w Wanted) *Refusal {
	if w.Hires == nil || !(*w.Hires > 1) {
		return nil
	}
	if !r.Card.CanHires() {
		return Refuse("Another model may do it.", "%s has one size only, so it cannot upscale an image.", r.Card.Name)
	}
	s := &r.Spec
	by := hiresScale(Size{Width: s.Width, Height: s.Height}, max(1, r.Card.Multiple), *w.Hires)
	if by == 0 {
		return Refuse("Choose a smaller size.", "Too large for a second pass: at most %d pixels a side.", picture.MaxSide)
	}
	s.Hires = &picture.Hires{Scale: by, Steps: s.Steps, Strength: hiresStrength}
	if math.Abs(by-*w.Hires) > 0.005 {
		r.Note("The second pass makes the image %.4g times larger: %s.", by, s.Enlarged())
	}
	if size := s.Enlarged(); len(r.Card.Sizes) > 0 && !r.Card.Supports(size) {
		r.Note("%s was not made for %s, so things may come twice. The upscale buttons keep an image as it is.",
			r.Card.Name, size)
	}
	return nil
}

// hiresScale returns the scale nearest to a wanted one by which both sides become multiples of m, as a model needs
// them; 0 where there is none above 1.
func hiresScale(s Size, m int, wanted float64) float64 {
	parts := max(1, gcd(s.Width, s.Height)/m) // scales are whole numbers of 1/parts
	most := min(picture.MaxUpscale*parts, picture.MaxSide*parts/max(s.Width, s.Height))
	n := min(most, max(parts+1, int(math.Round(wanted*float64(parts)))))
	if n <= parts {
		return 0
	}
	by := float64(n) / float64(parts)
	for _, side := range []int{s.Width, s.Height} { // a Spec's sides are cut to whole numbers
		for int(float64(side)*by) < side*n/parts {
			by = math.Nextafter(by, math.Inf(1))
		}
	}
	return by
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
