package request

import (
	"cmp"

	"darkroom/render/picture"
)

// Canvas is where a finished picture lies when something is painted around it.
type Canvas struct {
	Size  Size
	Place picture.Placement
}

// outpaintStrength is how much of the ground around a picture is replaced: nearly all. The rest are the colours of the
// picture's edge, which keep sky and sea where they were. A card may say what suits its model better.
const outpaintStrength = 0.8

// Outpaint resolves a Spec that a button derived from a finished picture, which becomes a part of a canvas. The caller
// places it with PlaceOn once the size of the picture is certain. There must be a model.
func Outpaint(spec picture.Spec, file Attachment, available Available) (Resolved, *Refusal) {
	r := derived(spec, available)
	strength := cmp.Or(r.Card.Outpaint.Strength, outpaintStrength)
	if refusal := r.initImage(Wanted{Init: &file, Strength: &strength}, ""); refusal != nil {
		return Resolved{}, refusal
	}
	if guidance := r.Card.Outpaint.GuidanceScale; guidance > 0 {
		r.Spec.GuidanceScale = guidance
	}
	return r.finish()
}

// PlaceOn puts the start picture on a canvas. layout says which, for a picture of a size and the window in which the
// ground around it is painted.
func (r *Resolved) PlaceOn(layout func(picture, window Size) Canvas) *Refusal {
	size := Size{Width: r.Spec.Width, Height: r.Spec.Height}
	window := r.Card.window(size)
	canvas := layout(size, window)
	if canvas.Size.Width > picture.MaxSide || canvas.Size.Height > picture.MaxSide {
		return Refuse("", "Too large to extend: at most %d pixels a side.", picture.MaxSide)
	}
	r.Resize(canvas.Size)
	r.PendingInit.Place, r.PendingInit.Window = &canvas.Place, &window
	r.SettleVersion() // the lane is chosen before Init is filled
	return nil
}
