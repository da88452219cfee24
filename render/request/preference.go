package request

import (
	"slices"
	"strings"

	"darkroom/render/encode"
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// Source says what a setting of a request came from, where no option and no flag of its prompt says it. The words are
// stored.
type Source string

// The sources, the strongest first.
const (
	FromPreset Source = "style"    // the preset that the request names
	FromPerson Source = "prefer"   // what the person wants by default
	FromServer Source = "settings" // what the server wants by default
)

// Preference is what a person or a server wants where a request does not say it.
type Preference struct {
	From     Source
	Settings Wanted // its prompt, add-ons and pictures are not used
	Suffix   string // is put behind every prompt, with flags that count less than Settings

	Unread bool // choices in its texts cannot be made, so their words are left out
}

// WithoutPreferences is the request as if nobody wanted anything by default.
func (w Wanted) WithoutPreferences() Wanted {
	w.Preferences = nil
	w.Tiles = slices.Clone(w.Tiles)
	for i := range w.Tiles {
		w.Tiles[i].Preferences = nil
	}
	return w
}

// WithoutPreferredHires is the request without the second pass that preferences ask for. ok tells whether any does.
func (w Wanted) WithoutPreferredHires() (without Wanted, ok bool) {
	w = w.withPreferences(func(p Preference) Preference {
		_, suffixed := prompt.FindFlag(p.Suffix, prompt.FlagHires)
		if suffixed || p.Settings.Hires != nil {
			ok, p.Settings.Hires = true, new(1.0)
		}
		return p
	})
	return w, ok
}

// withPreferences is the request with changed preferences, in each of its tiles too.
func (w Wanted) withPreferences(change func(Preference) Preference) Wanted {
	w.Preferences, w.Tiles = slices.Clone(w.Preferences), slices.Clone(w.Tiles)
	for i, p := range w.Preferences {
		w.Preferences[i] = change(p)
	}
	for i, tile := range w.Tiles {
		w.Tiles[i] = tile.withPreferences(change)
	}
	return w
}

// WithUnreadPreferences is the request with preferences whose choices cannot be made.
func (w Wanted) WithUnreadPreferences() Wanted {
	return w.withPreferences(func(p Preference) Preference { p.Unread = true; return p })
}

// Origin says which settings of a request a source decided, by the names of the options of /imagine.
type Origin struct {
	From     Source
	Settings []string
}

// FormatOrigins writes origins as they are kept with jobs: "prefer:steps,sampler settings:size".
func FormatOrigins(all []Origin) string {
	var text []string
	for _, o := range all {
		text = append(text, string(o.From)+":"+strings.Join(o.Settings, ","))
	}
	return strings.Join(text, " ")
}

// ParseOrigins reads what FormatOrigins wrote.
func ParseOrigins(text string) (all []Origin) {
	for one := range strings.FieldsSeq(text) {
		from, settings, _ := strings.Cut(one, ":")
		all = append(all, Origin{From: Source(from), Settings: strings.Split(settings, ",")})
	}
	return all
}

// suffixOrigin is the setting of an Origin whose suffix was put behind the prompt.
const suffixOrigin = "suffix"

// command is the command by which people set a source.
func (s Source) command() string { return "/" + string(s) }

// originSettings are the settings that a source may decide, in the order in which they are told.
var originSettings = []struct {
	name  string
	given func(Wanted) bool
}{
	{"negative_prompt", func(w Wanted) bool { return w.Negative != nil }},
	{"aspect_ratio", func(w Wanted) bool { return w.Aspect != nil }},
	{"size", func(w Wanted) bool { return w.Size != nil }},
	{"count", func(w Wanted) bool { return w.Count != nil }},
	{"seed", func(w Wanted) bool { return w.Seed != nil }},
	{"steps", func(w Wanted) bool { return w.Steps != nil }},
	{"guidance_scale", func(w Wanted) bool { return w.GuidanceScale != nil }},
	{"sampler", func(w Wanted) bool { return w.Sampler != nil }},
	{"hires", func(w Wanted) bool { return w.Hires != nil }},
	{"vae", func(w Wanted) bool { return w.VAE != nil }},
	{"tile", func(w Wanted) bool { return w.Tiling != nil }},
	{"notation", func(w Wanted) bool { return w.Notation != nil }},
	{"emphasis", func(w Wanted) bool { return w.Emphasis != nil }},
	{"clip_skip", func(w Wanted) bool { return w.ClipSkip != nil }},
	{"quality", func(w Wanted) bool { return w.Quality != nil }},
	{"stop", func(w Wanted) bool { return w.Stop != nil }},
	{"draft", func(w Wanted) bool { return w.Draft != nil }},
	{"strength", func(w Wanted) bool { return w.Strength != nil || w.ImageWeight != nil }},
	{"fit", func(w Wanted) bool { return w.Resize != nil }},
	{"lora", func(w Wanted) bool { return w.Addons != nil }},
}

// noteOrigin notes which settings a source decided.
func (r *resolution) noteOrigin(from Source, before, after Wanted) {
	for _, s := range originSettings {
		if !s.given(before) && s.given(after) {
			r.addOrigin(from, s.name)
		}
	}
}

func (r *resolution) addOrigin(from Source, setting string) {
	i := slices.IndexFunc(r.Origins, func(o Origin) bool { return o.From == from })
	if i < 0 {
		i, r.Origins = len(r.Origins), append(r.Origins, Origin{From: from})
	}
	r.Origins[i].Settings = append(r.Origins[i].Settings, setting)
}

// applyPreferences fills what neither the request nor its preset says, by the strongest preference first. What of them
// cannot be done is left out with a note: nobody asked for it this time. byFlag tells that a --no flag of the prompt
// set the negative prompt: that of a suffix is added to it, as all --no flags of one prompt are.
func (r *resolution) applyPreferences(w Wanted, byFlag bool) Wanted {
	for _, p := range w.Preferences {
		words, flags := r.suffix(p)
		before := w
		if byFlag && flags.Negative != nil {
			w.Negative = new(strings.TrimRight(*w.Negative, ", ") + ", " + *flags.Negative)
		}
		settings := p.Settings.filledBy(flags)
		settings.Addons = nil
		if p.Unread && settings.Negative != nil && w.Negative == nil {
			r.Note("The negative prompt of %s was left out: its choices or wildcards cannot be read now.", p.From.command())
			settings.Negative = nil
		}
		w = w.filledBy(r.possible(w, settings.suiting(w), p.From.command()))
		r.noteOrigin(p.From, before, w)
		r.Spoiler, r.Private = r.Spoiler || flags.Spoiler, r.Private || flags.Private
		if words != "" {
			r.appendWords(words)
			r.addOrigin(p.From, suffixOrigin)
		}
	}
	return w
}

// appendWords puts words behind the prompt.
func (r *resolution) appendWords(words string) {
	if r.Spec.Prompt != "" {
		r.Spec.Prompt += ", "
	}
	r.Spec.Prompt += words
}

// suffix returns the words of a suffix and what its flags ask for. What of it cannot be read was told when it was set,
// so that is left out silently; what names something that is gone is left out with a note.
func (r *resolution) suffix(p Preference) (words string, flags Wanted) {
	text, _ := prompt.CutComments(p.Suffix)
	words, all, _ := prompt.Flags(text)
	for _, f := range joinNegatives(all) {
		if f.Fault.IsZero() {
			flags.put(f)
		}
	}
	refusal := r.checkNames(words)
	switch {
	case p.Unread && words != "":
		r.Note("The suffix of %s was left out: its choices or wildcards cannot be read now.", p.From.command())
		words = ""
	case refusal != nil:
		r.Note("The suffix of %s was left out. %s", p.From.command(), refusal.Sentence)
		words = ""
	}
	if flags.Negative != nil {
		if refusal := r.checkNames(*flags.Negative); refusal != nil {
			r.Note("The negative prompt of %s was left out. %s", p.From.command(), refusal.Sentence)
			flags.Negative = nil
		}
	}
	return words, flags
}

// checkNames refuses a text that names an add-on which cannot be found.
func (r *resolution) checkNames(text string) *Refusal {
	_, tags := prompt.Addons(text)
	for _, tag := range tags {
		use, err := tag.Use()
		if err != nil {
			return unreadableStrength(err)
		}
		if use.Kind == "" || use.Name == "" {
			continue
		}
		if _, refusal := r.findAddon(use.Kind, use.Name); refusal != nil {
			return refusal
		}
	}
	for _, asked := range prompt.MarkedEmbeddings(text) {
		if _, refusal := r.findAddon(picture.Embedding, asked); refusal != nil {
			return refusal
		}
	}
	return nil
}

// possible returns the settings of a preference without those that the request w could use and the model cannot do. by
// is the command that sets the preference.
func (r *resolution) possible(w, s Wanted, by string) Wanted {
	if v := s.Sampler; v != nil && w.Sampler == nil && !slices.Contains(r.Card.Samplers, encode.SamplerName(*v, "")) {
		title := encode.SamplerTitle(encode.SamplerName(*v, ""))
		r.Note("The sampler “%s” of %s was left out: %s does not have it.", shorten(title), by, r.Card.Name)
		s.Sampler = nil
	}
	if v := s.Tiling; v != nil && *v && w.Tiling == nil && !r.Card.CanTile() {
		r.Note("Tiling was left out, which %s asks for: %s cannot generate tileable images.", by, r.Card.Name)
		s.Tiling = nil
	}
	if v := s.Hires; v != nil && *v > 1 && w.Hires == nil && !r.Card.CanHires() {
		r.Note("The second pass was left out, which %s asks for: %s has one size only.", by, r.Card.Name)
		s.Hires = nil
	}
	if v := s.VAE; v != nil && w.VAE == nil && !r.canUseVAE(*v) {
		r.Note("The VAE “%s” of %s was left out: it cannot be used with %s now.", shorten(*v), by, r.Card.Name)
		s.VAE = nil
	}
	if v := s.Negative; v != nil && w.Negative == nil {
		if refusal := r.checkNames(*v); refusal != nil {
			r.Note("The negative prompt of %s was left out. %s", by, refusal.Sentence)
			s.Negative = nil
		}
	}
	return r.readable(w, s, by)
}

// readable leaves out what was set by another version of the program and cannot be read.
func (r *resolution) readable(w, s Wanted, by string) Wanted {
	leaveOut := func(setting **string, why phrase.Phrase) {
		r.Notes = append(r.Notes, why)
		*setting = nil
	}
	isSized := w.Aspect != nil || w.Size != nil
	if v := s.Size; v != nil && !isSized {
		if _, ok := ParseSize(*v); !ok {
			leaveOut(&s.Size, phrase.Of("The size “%s” of %s was left out: I cannot read it.", shorten(*s.Size), by))
		}
	}
	if v := s.Aspect; v != nil && !isSized {
		if _, ok := parseAspect(*v); !ok {
			leaveOut(&s.Aspect, phrase.Of("The aspect ratio “%s” of %s was left out: I cannot read it.", shorten(*s.Aspect), by))
		}
	}
	probe := *r
	if w.Notation == nil && probe.notation(s) != nil {
		leaveOut(&s.Notation, phrase.Of("The notation “%s” of %s was left out: I cannot read it.", shorten(*s.Notation), by))
	}
	if w.Emphasis == nil && probe.emphasis(s) != nil {
		leaveOut(&s.Emphasis, phrase.Of("The emphasis “%s” of %s was left out: I cannot read it.", shorten(*s.Emphasis), by))
	}
	return s
}

// canUseVAE tells whether a VAE is there for the model, and some renderer has both.
func (r *resolution) canUseVAE(name string) bool {
	if strings.TrimSpace(name) == "" || slices.Contains(ownVAE, strings.ToLower(strings.TrimSpace(name))) {
		return true
	}
	card, refusal := r.findAddon(picture.VAE, name)
	return refusal == nil && (r.available.Remembered || r.available.together(r.Card.Hash, card.Hash))
}

// PreferredModel is the model of a request that names none. There must be a model.
func (a Available) PreferredModel(all []Preference) (Card, *Refusal) {
	c, _, _, refusal := a.preferredModel(all)
	return c, refusal
}

// preferredModel is the model of the strongest preference that names one. One that is gone, or may not be used here, is
// left out with a note that names the one which is used; the notes are made once that is known.
func (a Available) preferredModel(all []Preference) (c Card, by Source, notes []func(*Resolved), refusal *Refusal) {
	for _, p := range all {
		if !given(p.Settings.Model) {
			continue
		}
		c, gone := a.FindModel(*p.Settings.Model)
		if gone == nil && !(c.NSFW && a.Safe) {
			return c, p.From, notes, nil
		}
		name, by := shorten(strings.TrimSpace(*p.Settings.Model)), p.From.command()
		notes = append(notes, func(r *Resolved) {
			if gone != nil {
				r.Note("The model “%s” of %s is not available. %s is used instead.", name, by, r.Card.Name)
				return
			}
			r.Note("The model “%s” of %s may be used in age-restricted channels only. %s is used instead.", name, by,
				r.Card.Name)
		})
	}
	c, refusal = a.firstModel()
	return c, "", notes, refusal
}
