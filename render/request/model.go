package request

import (
	"slices"

	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// chooseModel finds the Spec's model among those that are available now.
func (r *resolution) chooseModel(available Available) {
	s := &r.Spec
	c, same := available.Find(s.Model)
	r.Card = c
	if !same {
		r.Note("The model that painted this is no longer here; %s is used instead.", c.Name)
		s.Model, s.Dialect = picture.Ref{Name: c.Name, Hash: c.Hash}, c.Dialect
		s.Addons = nil
		r.dropUnsupported()
		if was := (Size{Width: s.Width, Height: s.Height}); !c.Supports(was) {
			r.Resize(c.bySize(was))
		}
		if !slices.Contains(c.Samplers, s.Sampler) {
			s.Sampler = c.Defaults.Sampler
		}
		r.FitSampler()
	}
	if same && s.Dialect == c.Dialect && !slices.Contains(c.Samplers, s.Sampler) {
		r.Note("%s no longer has the sampler %s; %s is used instead.", c.Name,
			encode.SamplerTitle(s.Sampler), encode.SamplerTitle(c.Defaults.Sampler))
		s.Sampler = c.Defaults.Sampler
		r.FitSampler()
	}
}

// dropUnsupported leaves out what was chosen for another model and this one cannot do.
func (r *resolution) dropUnsupported() {
	s, c := &r.Spec, r.Card
	if s.Tiling && !c.CanTile() {
		s.Tiling = false
		r.Note("%s cannot paint tileable pictures; that was left out.", c.Name)
	}
	if !c.canSkip(s.ClipSkip) {
		r.Note("%s cannot follow a clip skip of %d; it was left out.", c.Name, s.ClipSkip)
		s.ClipSkip = 0
	}
	if s.Rescale > 0 && s.Dialect != picture.Diffusers {
		s.Rescale = 0
		r.Note("%s cannot rescale its guidance; that was left out.", c.Name)
	}
}

// checkAbilities refuses what the model cannot do at any size.
func (r *resolution) checkAbilities() *Refusal {
	if r.Spec.Tiling && !r.Card.CanTile() {
		return Refuse("Another model may do it.", "%s cannot paint tileable pictures.", r.Card.Name)
	}
	if r.Spec.Hires != nil && !r.Card.CanHires() {
		return Refuse("Another model may do it.", "%s paints at one size only, so it cannot enlarge a picture.", r.Card.Name)
	}
	return nil
}

// sampler refuses a name that it does not know: the nearest name would paint something else than was asked for. A
// name may be written as A1111 shows it. Samplers are the model's, and so is the dialect that they belong to.
func (r *resolution) sampler(w Wanted) *Refusal {
	if w.Sampler != nil && *w.Sampler != "" {
		name := encode.SamplerName(*w.Sampler, "")
		if r.exact.Sampler == nil && !slices.Contains(r.Card.Samplers, name) {
			return Refuse("Try one of: "+sampler.FormatNames(r.Card.SamplerNames())+".", "Unknown sampler %q.", *w.Sampler)
		}
		r.Spec.Sampler, r.Spec.Dialect = name, r.Card.Dialect
	}
	if r.exact.Steps == nil {
		r.FitSampler()
	}
	return nil
}

// FitSampler gives the sampler what it can work with: its own number of steps, and no eta if it takes none.
func (r *Resolved) FitSampler() {
	s := &r.Spec
	method, err := sampler.Find(s.Dialect, s.Sampler)
	if err != nil {
		return // a renderer of another version knows it
	}
	if !method.TakesEta() {
		s.Eta = nil
	}
	if n := method.NearestSteps(s.Steps); n != s.Steps {
		r.Note("%s takes %d steps, not %d.", encode.SamplerTitle(s.Sampler), n, s.Steps)
		s.Steps = n
	}
}
