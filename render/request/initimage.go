package request

import (
	"math"
	"strings"
)

// MaxInputBytes is how large the file of a start picture may be.
const MaxInputBytes = 25 << 20

// MaxInputPixels limits a start picture's width x height.
const MaxInputPixels = 16 << 20

// minStrength is the least strength that changes anything.
const minStrength = 0.01

// wantedInit judges the start picture that was asked for, if any.
func (r *resolution) wantedInit(w Wanted) *Refusal {
	if w.Init == nil {
		if w.Strength != nil && r.Spec.Init == nil {
			r.Note("The strength was ignored: there is no start image.")
		}
		return nil
	}
	return r.initImage(w, "Ask without a start image.")
}

// initImage judges a start picture by what its sender claims. Its bytes are judged when they are read. hint helps where
// the model takes none.
func (r *resolution) initImage(w Wanted, hint string) *Refusal {
	if !r.Card.ImageToImage {
		return Refuse(hint, "%s cannot start from an image.", r.Card.Name)
	}
	f := *w.Init
	switch kind := strings.ToLower(f.ContentType); {
	case kind != "" && !strings.HasPrefix(kind, "image/"):
		return Refuse("Send a PNG, JPEG or WebP file.", "The start image is not an image file (%s).", kind)
	case f.Size > MaxInputBytes:
		return Refuse("", "Start image too large: %.1f MB, at most %d MB.",
			float64(f.Size)/(1<<20), MaxInputBytes>>20)
	case f.Width > 0 && f.Height > MaxInputPixels/f.Width:
		return Refuse("", "Start image too large: %s, at most %d megapixels.",
			Size{Width: f.Width, Height: f.Height}, MaxInputPixels>>20)
	}
	strength := defaultStrength
	if w.Strength != nil {
		strength = *w.Strength
		if r.exact.Strength == nil {
			strength = math.Max(minStrength, math.Min(1, strength))
		}
		if strength != *w.Strength {
			r.Note("Strength set to %g. Possible: %g to 1.", strength, minStrength)
		}
	}
	r.Spec.Init, r.PendingInit = nil, &InitImage{File: f, Strength: strength}
	return nil
}
