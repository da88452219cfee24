package request

import (
	"slices"

	"darkroom/render/picture"
)

// Check refuses a Spec that no renderer can paint now, because none has its model and all its add-ons. While no
// renderer is online it refuses nothing: the Spec may wait for one that has them.
func (a Available) Check(spec picture.Spec) *Refusal {
	if a.Remembered {
		return nil
	}
	parts := spec.Parts()
	if missing := picture.Without(parts, a.all()); len(missing) > 0 {
		return Refuse("Ask without it, or try again later.", "No renderer has %s now.", picture.AnyOf(missing))
	}
	together := slices.ContainsFunc(a.Renderers, func(has []string) bool { return len(picture.Without(parts, has)) == 0 })
	if len(a.Renderers) > 0 && !together {
		return Refuse("Use fewer of them together.", "No single renderer has all of these: %s.", picture.AllOf(parts))
	}
	return nil
}

// together tells whether some renderer has a model and an add-on, as far as that is known.
func (a Available) together(model, addon string) bool {
	return len(a.Renderers) == 0 || slices.ContainsFunc(a.Renderers, func(has []string) bool {
		return slices.Contains(has, model) && slices.Contains(has, addon)
	})
}

// all lists the hashes of everything that some renderer has.
func (a Available) all() (hashes []string) {
	for _, m := range a.Models {
		hashes = append(hashes, m.Hash)
		if m.Upscaler != nil {
			hashes = append(hashes, m.Upscaler.Hash)
		}
		if m.VAE != nil {
			hashes = append(hashes, m.VAE.Hash)
		}
	}
	for _, x := range a.Addons {
		hashes = append(hashes, x.Hash)
	}
	return hashes
}
