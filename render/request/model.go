package request

import (
	"reflect"
	"slices"
	"strings"

	"darkroom/render/encode"
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/sampler"
)

// chooseModel finds the Spec's model among those that are available now.
func (r *resolution) chooseModel() {
	s := &r.Spec
	c, same := r.available.Find(s.Model)
	r.Card = c
	if !same {
		r.Note("The model of this image is no longer available. %s is used instead.", c.Name)
		r.useModel(c)
	}
	if same && s.Dialect == c.Dialect && !slices.Contains(c.Samplers, s.Sampler) {
		r.Note("%s no longer has the sampler %s. %s is used instead.", c.Name,
			encode.SamplerTitle(s.Sampler), encode.SamplerTitle(c.Defaults.Sampler))
		s.Sampler = c.Defaults.Sampler
		r.FitSampler()
	}
	if r.isSampledOtherwise() {
		r.Note("The settings of %s have changed since. This image keeps the earlier ones.", c.Name)
	}
}

// settleModel writes into the Spec what files beside the model decide, so that the image stays the same when they
// change. What an earlier Spec says stays.
func (r *resolution) settleModel() {
	s, c := &r.Spec, r.Card
	if s.Prediction == "" {
		s.Prediction, s.ZeroSNR = c.Prediction, c.ZeroSNR
	}
	if s.Schedule == nil {
		s.Schedule = c.Schedule
	}
	if s.VAE == nil {
		s.VAE = c.VAE
	}
}

// isSampledOtherwise tells whether an earlier Spec holds other settings of its model than those of today.
func (r *resolution) isSampledOtherwise() bool {
	s, c := r.Spec, r.Card
	return s.Prediction != "" && (s.Prediction != c.Prediction || s.ZeroSNR != c.ZeroSNR) ||
		s.Schedule != nil && !reflect.DeepEqual(s.Schedule, c.Schedule)
}

// useModel gives the Spec another model, and leaves out what that one cannot do.
func (r *resolution) useModel(c Card) {
	s := &r.Spec
	r.Card = c
	s.Model, s.Dialect = picture.Ref{Name: c.Name, Hash: c.Hash}, c.Dialect
	r.dropAddons()
	s.Prediction, s.ZeroSNR, s.Schedule = "", false, nil
	r.dropUnsupported()
	if was := (Size{Width: s.Width, Height: s.Height}); !c.Supports(was) {
		r.Resize(c.bySize(was))
	}
	if !slices.Contains(c.Samplers, s.Sampler) {
		s.Sampler = c.Defaults.Sampler
	}
	r.FitSampler()
}

// changeModel gives the Spec of a remix the model that was asked for. Settings that were the defaults of its own
// model become those of the new one: few steps suit a distilled model alone.
func (r *resolution) changeModel(w Wanted) *Refusal {
	if w.Model == nil || strings.TrimSpace(*w.Model) == "" {
		r.chooseModel()
		return nil
	}
	to, refusal := r.available.namedModel(*w.Model)
	if refusal != nil {
		return refusal
	}
	from, known := r.available.Find(r.Spec.Model)
	if known && from.Hash == to.Hash {
		r.chooseModel()
		return nil
	}
	if was := from.Defaults; known {
		s, now := &r.Spec, to.Defaults
		follow(&s.Steps, was.Steps, now.Steps)
		follow(&s.GuidanceScale, was.GuidanceScale, now.GuidanceScale)
		follow(&s.Sampler, was.Sampler, now.Sampler)
		follow(&s.Negative, was.Negative, now.Negative)
		size := Size{Width: s.Width, Height: s.Height}
		follow(&size, was.Size, now.Size)
		r.Resize(size)
	}
	r.useModel(to)
	return nil
}

// follow changes a setting that is the default of one model to that of another.
func follow[T comparable](setting *T, was, now T) {
	if *setting == was {
		*setting = now
	}
}

// dropAddons leaves out what belonged to a model that is gone.
func (r *resolution) dropAddons() {
	var parts []picture.Part
	for _, p := range r.Spec.Parts() {
		isOwn := p.Kind == picture.VAE && r.Card.VAE != nil && p.Hash == r.Card.VAE.Hash
		if p.Kind != picture.Model && p.Kind != picture.Upscaler && !isOwn {
			parts = append(parts, p)
		}
	}
	if r.Spec.Addons, r.Spec.VAE = nil, nil; len(parts) > 0 {
		r.Note("What belonged to it was left out: %s.", picture.AllOf(parts))
	}
}

// wantedModel finds the model that was asked for: that of the preferences when none was, or else the first. by is what
// named it, if the request itself did not; notes are about preferences that could not be used.
func (a Available) wantedModel(w Wanted) (c Card, by Source, notes []func(*Resolved), refusal *Refusal) {
	if given(w.Model) {
		c, refusal = a.namedModel(*w.Model)
		return c, "", nil, refusal
	}
	if w.Preset != nil && given(w.Preset.Settings.Model) {
		c, refusal = a.namedModel(*w.Preset.Settings.Model)
		return c, FromPreset, nil, refusal
	}
	return a.preferredModel(w.Preferences)
}

func given(text *string) bool { return text != nil && strings.TrimSpace(*text) != "" }

// namedModel finds the model that somebody named, if it may be used here.
func (a Available) namedModel(asked string) (Card, *Refusal) {
	c, refusal := a.FindModel(asked)
	if refusal == nil && c.NSFW && a.Safe {
		refusal = ageRestricted(picture.Model, c.Name)
	}
	return c, refusal
}

// firstModel is the model of a request that names none: the first that may be used here.
func (a Available) firstModel() (Card, *Refusal) {
	for _, c := range a.Models {
		if !c.NSFW || !a.Safe {
			return c.WithDefaults(), nil
		}
	}
	return Card{}, ageRestricted(picture.Model, a.Models[0].Name)
}

// FindModel finds a model by its name in any case, or by its name and digits of its hash: sd15@0123456789.
func (a Available) FindModel(asked string) (Card, *Refusal) {
	name := strings.TrimSpace(asked)
	plain, hash, marked := cutHash(name)
	for _, means := range []func(Card) bool{
		func(c Card) bool { return strings.EqualFold(c.Name, name) },
		func(c Card) bool {
			return marked && strings.HasPrefix(c.Hash, strings.ToLower(hash)) && strings.EqualFold(c.Name, plain)
		},
		func(c Card) bool { return marked && strings.HasPrefix(c.Hash, strings.ToLower(hash)) },
	} {
		if i := slices.IndexFunc(a.Models, means); i >= 0 {
			return a.Models[i].WithDefaults(), nil
		}
	}
	var names []string
	for _, c := range a.Models {
		names = append(names, c.Name)
	}
	near := prompt.NearestWords(names, name, maxNearestAddons)
	if len(near) == 0 {
		near = names[:min(len(names), maxNearestAddons)]
	}
	return Card{}, Refuse("", "There is no model “%s”.", shorten(name)).Suggest("Try %s.", phrase.Or(near))
}

// ID names a model by its name and the beginning of its hash.
func (c Card) ID() string { return c.Name + hashMark + c.Hash[:min(len(c.Hash), hashDigitsSuggested)] }

// dropUnsupported leaves out what was chosen for another model and this one cannot do.
func (r *resolution) dropUnsupported() {
	s, c := &r.Spec, r.Card
	if s.Tiling && !c.CanTile() {
		s.Tiling = false
		r.Note("Tiling was ignored: %s cannot generate tileable images.", c.Name)
	}
	if !c.canSkip(s.ClipSkip) {
		r.Note("The clip skip was ignored: %s does not support %d.", c.Name, s.ClipSkip)
		s.ClipSkip = 0
	}
	if s.Rescale > 0 && s.Dialect != picture.Diffusers {
		s.Rescale = 0
		r.Note("The guidance rescale was ignored: %s does not support it.", c.Name)
	}
}

// checkAbilities refuses what the model cannot do at any size.
func (r *resolution) checkAbilities() *Refusal {
	if r.Spec.Init != nil && !r.Card.ImageToImage {
		return Refuse("Another model may do it.", "%s cannot start from an image.", r.Card.Name)
	}
	if r.Spec.Tiling && !r.Card.CanTile() {
		return Refuse("Another model may do it.", "%s cannot generate tileable images.", r.Card.Name)
	}
	if r.Spec.Hires != nil && !r.Card.CanHires() {
		return Refuse("Another model may do it.", "%s has one size only, so it cannot upscale an image.", r.Card.Name)
	}
	return nil
}

// maxSamplersNamed is how many samplers a refusal names. Autocomplete shows the others.
const maxSamplersNamed = 8

// samplerTitles lists some samplers by the names that people know, as the end of a sentence.
func samplerTitles(names []string) string {
	end := "."
	if len(names) > maxSamplersNamed {
		names, end = names[:maxSamplersNamed], ", …"
	}
	var titles []string
	for _, name := range names {
		titles = append(titles, encode.SamplerTitle(name))
	}
	return strings.Join(titles, ", ") + end
}

// sampler refuses a name that it does not know: the nearest name would give another image than was asked for. A
// name may be written as A1111 shows it. Samplers are the model's, and so is the dialect that they belong to.
func (r *resolution) sampler(w Wanted) *Refusal {
	if w.Sampler != nil && *w.Sampler != "" {
		name := encode.SamplerName(*w.Sampler, "")
		if r.exact.Sampler == nil && !slices.Contains(r.Card.Samplers, name) {
			return Refuse("", "Unknown sampler “%s”.", shorten(*w.Sampler)).
				Suggest("Try one of: %s", samplerTitles(r.Card.SamplerNames()))
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
	if n := r.Card.Traits.NearestSteps(method, s.Steps); n != s.Steps {
		r.Note("%s takes %d steps, not %d.", encode.SamplerTitle(s.Sampler), n, s.Steps)
		s.Steps = n
	}
}
