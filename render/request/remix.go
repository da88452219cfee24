package request

import (
	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// Remix resolves new words for an earlier picture. What was not asked for is as it was in base; the seed is new too.
// There must be a model.
func Remix(w Wanted, available Available, base picture.Spec, seed int64) (Resolved, *Refusal) {
	base.Version, base.Reading = picture.Version, "" // new words are read as words are read now
	base.Seed, base.Variations, base.Hires, base.Upscale, base.Upscaler = seed, nil, nil, nil, nil
	tiles, addons := base.Tiles, base.Addons
	base.Tiles, base.Addons = nil, nil // the new words name them
	if prompt.HasVAE(base.Prompt) {
		base.VAE = nil
	}
	r := resolution{
		available: available, Resolved: Resolved{Spec: base, Spoiler: w.Spoiler}, tiles: tiles, earlier: addons,
	}
	if refusal := r.changeModel(w); refusal != nil {
		return Resolved{}, refusal
	}
	res, refusal := r.apply(w)
	if in := res.Spec.Init; refusal == nil && in != nil && in.Placement == nil &&
		(res.Spec.Width != base.Width || res.Spec.Height != base.Height) {
		res.noteCrop(Size{Width: in.Picture.Width, Height: in.Picture.Height},
			"The start image (%s) is cropped to the shape of %s: %.0f %% is cut off.")
	}
	return res, refusal
}

// RemixVaried is Remix for variations: the noise is that of base, varied from seed by so much. If the words ask for a
// seed, it is a plain remix with that.
func RemixVaried(w Wanted, available Available, base picture.Spec, seed int64, strength float64) (Resolved, *Refusal) {
	res, refusal := Remix(w, available, base, seed)
	if refusal != nil || res.Spec.Seed != seed {
		return res, refusal
	}
	res.Spec.Seed, res.Spec.Variations = base.Seed, base.Variations
	res.Spec = res.Spec.Vary(seed, strength, res.Spec.Count)
	res.SettleVersion()
	return res, res.Check()
}

// Repaint resolves a Spec that a button derived from an earlier one. What could be painted then may not be possible
// now. There must be a model.
func Repaint(spec picture.Spec, available Available) (Resolved, *Refusal) {
	return derived(spec, available).finish()
}

// derived begins with an earlier Spec.
func derived(spec picture.Spec, available Available) *resolution {
	r := resolution{available: available, Resolved: Resolved{Spec: spec}}
	r.chooseModel()
	return &r
}
