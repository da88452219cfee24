package request

import (
	"cmp"
	"slices"
	"strings"

	"darkroom/render/picture"
)

// repaintStrength is how much an image is repainted that no network enlarged: A1111's SD upscale is advised with 0.2
// to 0.3, and its lines stay where they are at the lower end.
const repaintStrength = 0.2

// CreativeStrength is how much a creative upscale repaints: enough for new detail, at the upper end of what A1111's SD
// upscale is advised with.
const CreativeStrength = 0.3

// Lanczos is the name of Lanczos's filter among upscalers.
const Lanczos = "Lanczos"

// noNetwork are names of Lanczos's filter, in lower case: A1111's, and ours.
var noNetwork = []string{"lanczos", "none"}

// WantedUpscale is how somebody wants a finished image to be enlarged.
type WantedUpscale struct {
	By       float64  // how many times larger, in (1, 4]
	Upscaler string   // a name; "" for the usual one
	Strength *float64 // how much is repainted, from 0 to 1; nil for the usual: nothing of what a network enlarged
}

// Upscale resolves a Spec that a button derived from an earlier one: the same image, larger. It is enlarged by the
// upscaler that is wanted; or else the model's own, the operator's, or the largest that is installed. Where there is
// none it is enlarged by Lanczos's filter, and repainted a little in tiles of a size that the model knows. There must
// be a model.
func Upscale(spec picture.Spec, w WantedUpscale, available Available) (Resolved, *Refusal) {
	r := derived(spec, available)
	if refusal := r.upscale(w); refusal != nil {
		return Resolved{}, refusal
	}
	return r.finish()
}

// Enlarge has the images of a request enlarged at once, as Upscale does later. It changes nothing of a Spec that is
// refused.
func Enlarge(res Resolved, w WantedUpscale, available Available) (Resolved, *Refusal) {
	r := resolution{Resolved: res, available: available}
	if refusal := r.upscale(w); refusal != nil {
		return res, refusal
	}
	r.SettleVersion()
	return r.Resolved, nil
}

func (r *resolution) upscale(w WantedUpscale) *Refusal {
	s := &r.Spec
	if !(w.By > 1 && w.By <= picture.MaxUpscale) {
		return Refuse("", "Images can be made more than 1 and at most %d times larger, not %g times.", picture.MaxUpscale,
			w.By)
	}
	s.Upscale, s.Upscaler = &picture.Upscale{Scale: w.By}, nil
	if size := s.Enlarged(); size.Width > picture.MaxSide || size.Height > picture.MaxSide {
		return Refuse("", "Too large to upscale: at most %d pixels a side.", picture.MaxSide)
	}
	if refusal := r.chooseUpscaler(strings.TrimSpace(w.Upscaler)); refusal != nil {
		return refusal
	}
	strength := 0.0
	switch {
	case w.Strength != nil:
		strength = *w.Strength
	case s.Upscaler == nil && r.Card.ImageToImage && r.isRepaintable():
		strength = repaintStrength
	}
	return r.repaint(strength)
}

// isRepaintable tells whether the enlarged image has sides that a model can work on.
func (r *resolution) isRepaintable() bool {
	size := r.Spec.Enlarged()
	return size.Width%picture.SizeMultiple == 0 && size.Height%picture.SizeMultiple == 0
}

// repaint has the enlarged image repainted in tiles.
func (r *resolution) repaint(strength float64) *Refusal {
	s := &r.Spec
	switch size := s.Enlarged(); {
	case !(strength >= 0 && strength <= 1):
		return Refuse("", "Unknown strength of repainting %g: want 0 to 1.", strength)
	case strength == 0:
		return nil
	case !r.Card.ImageToImage:
		return Refuse("Use the subtle upscale.", "%s cannot paint new detail into an image.", r.Card.Name)
	case !r.isRepaintable():
		return Refuse("Try 2 times.", "An image of %v cannot be repainted: sides must be multiples of %d.", size,
			picture.SizeMultiple)
	}
	tile := r.Card.window(Size{Width: s.Width, Height: s.Height})
	s.Upscale.Steps, s.Upscale.Strength, s.Upscale.Tile = s.Steps, strength, &tile
	return nil
}

// chooseUpscaler settles the network that enlarges; none for Lanczos's filter.
func (r *resolution) chooseUpscaler(name string) *Refusal {
	switch own := r.Card.Upscaler; {
	case slices.Contains(noNetwork, strings.ToLower(name)):
		return nil
	case own != nil && (name == "" || strings.EqualFold(name, own.Name) || strings.EqualFold(name, r.Card.Name)):
		r.Spec.Upscaler = own
		return nil
	case name != "":
		card, refusal := r.findAddon(picture.Upscaler, name)
		if refusal == nil {
			r.useUpscaler(card)
		}
		return refusal
	}
	return r.chooseUsualUpscaler()
}

// chooseUsualUpscaler settles the operator's upscaler, or else the largest that is installed and enlarges; of several
// alike the first by name.
func (r *resolution) chooseUsualUpscaler() *Refusal {
	usual := strings.TrimSpace(r.available.Upscaler)
	if slices.Contains(noNetwork, strings.ToLower(usual)) {
		return nil
	}
	if usual != "" {
		card, refusal := r.findAddon(picture.Upscaler, usual)
		if refusal == nil && r.available.together(r.Spec.Model.Hash, card.Hash) {
			r.useUpscaler(card)
			return nil
		}
		r.Note("The upscaler “%s” that is set here cannot be used now.", shorten(usual))
	}
	if cards := r.available.upscalers(r.Card, r.Spec.Model.Hash); len(cards) > 0 {
		r.useUpscaler(slices.MaxFunc(cards, func(a, b AddonCard) int { return cmp.Compare(a.Work, b.Work) }))
	}
	return nil
}

// useUpscaler names an installed upscaler in the Spec. One that is called like the model has its folder before its
// name, since the model's name stands for the model's own.
func (r *resolution) useUpscaler(card AddonCard) {
	name := plainFile(card.Name)
	if name == r.Spec.Model.Name {
		name = "upscalers/" + name
	}
	r.Spec.Upscaler = &picture.Ref{Name: name, Hash: card.Hash}
}

// upscalers lists the installed upscalers that enlarge images and that some renderer with a model has, by name.
func (a Available) upscalers(model Card, hash string) (all []AddonCard) {
	for _, c := range a.Addons {
		if c.Kind == picture.Upscaler && c.Scale > 1 && !(c.NSFW && a.Safe) && c.Fits(model) && a.together(hash, c.Hash) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(x, y AddonCard) int {
		return cmp.Or(strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)), strings.Compare(x.Hash, y.Hash))
	})
	return all
}

// UpscalerNames lists the upscalers that a person can choose from for a model, the usual one first and Lanczos's
// filter last.
func (a Available) UpscalerNames(spec picture.Spec) []string {
	r := derived(spec, a)
	_ = r.chooseUpscaler("") // the usual one is always found, or none
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if own := r.Spec.Upscaler; own != nil {
		add(own.Name)
	}
	if own := r.Card.Upscaler; own != nil {
		add(own.Name)
	}
	for _, c := range a.upscalers(r.Card, r.Spec.Model.Hash) {
		add(plainFile(c.Name))
	}
	add(Lanczos)
	return names
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
