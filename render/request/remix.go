package request

import "darkroom/render/picture"

// Remix resolves new words for an earlier picture. What was not asked for is as it was in base; the seed is new too.
// There must be a model.
func Remix(w Wanted, available Available, base picture.Spec, seed int64) (Resolved, *Refusal) {
	base.Version, base.Reading = picture.Version, "" // new words are read as words are read now
	base.Seed, base.Variations, base.Hires, base.Upscale, base.Upscaler = seed, nil, nil, nil, nil
	tiles := base.Tiles
	base.Tiles = nil
	r := resolution{Resolved: Resolved{Spec: base, Spoiler: w.Spoiler}, tiles: tiles}
	r.chooseModel(available)
	res, refusal := r.apply(w)
	if in := res.Spec.Init; refusal == nil && in != nil && in.Placement == nil &&
		(res.Spec.Width != base.Width || res.Spec.Height != base.Height) {
		res.noteCrop(Size{Width: in.Picture.Width, Height: in.Picture.Height}, "")
	}
	return res, refusal
}

// Repaint resolves a Spec that a button derived from an earlier one. What could be painted then may not be possible
// now. There must be a model.
func Repaint(spec picture.Spec, available Available) (Resolved, *Refusal) {
	r := resolution{Resolved: Resolved{Spec: spec}}
	r.chooseModel(available)
	return r.finish()
}
