package request

import (
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// Resolve turns what was asked for into a Spec, or says why not. seed is the seed of a request that names none. There
// must be a model.
func Resolve(w Wanted, available Available, seed int64) (Resolved, *Refusal) {
	r, refusal := newResolution(w, available, seed)
	if refusal != nil {
		return Resolved{}, refusal
	}
	return r.apply(w)
}

// ResolveExact is Resolve for a script, which wants what it asked for or a fault: size, seed, steps, sampler and
// strength are taken as w has them, and no note is given about them. So the Spec may not be valid, and the caller
// must check it. The caller also tells which words the model cannot read, since it can count their tokens. Flags in
// the prompt, the guidance scale and everything else are resolved as ever.
func ResolveExact(w Wanted, available Available, seed int64) (Resolved, *Refusal) {
	r, refusal := newResolution(w, available, seed)
	if refusal != nil {
		return Resolved{}, refusal
	}
	r.exact = w
	if refusal := r.applyToTiles(w); refusal != nil {
		return Resolved{}, refusal
	}
	if refusal := r.checkAbilities(); refusal != nil {
		return Resolved{}, refusal
	}
	r.noteAsText()
	r.findUnknownWords()
	r.settleModel()
	r.SettleVersion()
	return r.Resolved, nil
}

// newResolution starts from the defaults of the model that was asked for.
func newResolution(w Wanted, available Available, seed int64) (resolution, *Refusal) {
	card, by, notes, refusal := available.wantedModel(w)
	if refusal != nil {
		return resolution{}, refusal
	}
	d := card.Defaults
	r := resolution{available: available, Resolved: Resolved{Card: card, Spoiler: w.Spoiler, Spec: picture.Spec{
		Version: picture.Version, Dialect: card.Dialect, Notation: picture.NotationA1111,
		Model: picture.Ref{Name: card.Name, Hash: card.Hash}, Negative: d.Negative,
		Width: d.Size.Width, Height: d.Size.Height, Seed: seed, Count: d.Count,
		Steps: d.Steps, GuidanceScale: d.GuidanceScale, Sampler: d.Sampler,
	}}}
	if card.Guess != "" && w.Model != nil {
		r.Notes = append(r.Notes, phrase.Stored(card.Guess))
	}
	for _, note := range notes {
		note(&r.Resolved)
	}
	if by != "" {
		r.addOrigin(by, "model")
	}
	return r, nil
}

// resolution is one request on its way through the rules.
type resolution struct {
	Resolved
	available Available
	exact     Wanted               // settings that are taken as they are, see ResolveExact
	tiles     []picture.TilePrompt // of the image that is remixed
	earlier   []picture.Addon      // of the image that is remixed
	vaeChosen bool                 // an option names the VAE
}

// apply applies what was asked for and checks what comes of it.
func (r *resolution) apply(w Wanted) (Resolved, *Refusal) {
	if refusal := r.applyToTiles(w); refusal != nil {
		return Resolved{}, refusal
	}
	r.noteUnread()
	r.noteAsText()
	return r.finish()
}

// applyToTiles applies the rules to what was asked for, and to the words of each tile.
func (r *resolution) applyToTiles(w Wanted) *Refusal {
	start := *r
	if refusal := r.applyRules(w); refusal != nil {
		return refusal
	}
	r.keepTiles(w)
	if refusal := r.tilePrompts(start, w); refusal != nil {
		return refusal
	}
	return r.settleAddons()
}

// applyRules applies what was asked for, one rule after the other.
func (r *resolution) applyRules(w Wanted) *Refusal {
	words, cut := prompt.CutCommand(w.Prompt)
	if cut != "" {
		r.Note("“%s” at the start was left out: it belongs to the command, and not to the prompt.", cut)
	}
	text, flags := r.readFlags(r.cutComments(words,
		"A # begins a comment, so “%s” of the prompt was left out. Write \\# for a plain #."))
	// A notation that does not look like the earlier words was chosen by somebody, so it stays.
	chosen := prompt.DetectNotation(r.Spec.Prompt) != r.Spec.Notation
	r.Spec.Prompt = text
	option := w.Negative != nil
	w = r.mergeFlags(w, flags)
	r.Flags, r.Spoiler, r.Private = flagText(w), r.Spoiler || w.Spoiler, r.Private || w.Private
	byFlag := w.Negative != nil && !option
	w = r.applyPreferences(r.applyPreset(w), byFlag)
	if !chosen {
		r.Spec.Notation = prompt.DetectNotation(r.Spec.Prompt)
	}
	for _, rule := range []func(Wanted) *Refusal{
		r.notation, r.emphasis, r.optionTags, r.vae, r.prompts, r.checkWeights, r.size, r.numbers, r.sampler, r.hires,
		r.wantedInit,
	} {
		if refusal := rule(w); refusal != nil {
			return refusal
		}
	}
	return nil
}

// finish refuses what the model cannot do, and looks for words that it does not know.
func (r *resolution) finish() (Resolved, *Refusal) {
	if refusal := r.checkAges(); refusal != nil {
		return Resolved{}, refusal
	}
	if refusal := r.checkAbilities(); refusal != nil {
		return Resolved{}, refusal
	}
	r.FitSampler()
	r.settleModel()
	r.SettleVersion()
	if refusal := r.Check(); refusal != nil {
		return Resolved{}, refusal
	}
	r.findUnknownWords()
	return r.Resolved, nil
}

// Check refuses settings that do not make a valid Spec.
func (r *Resolved) Check() *Refusal {
	if err := r.Spec.Validate(); err != nil {
		return Refuse("", "These settings do not work together: %v.", err)
	}
	return nil
}

// applyPreset applies the preset that was named, if any: its words come after those of the prompt, its settings count
// where nothing else was asked for.
func (r *resolution) applyPreset(w Wanted) Wanted {
	if w.Preset == nil {
		return w
	}
	if words := w.Preset.Words; words != "" {
		r.appendWords(words)
	}
	r.Spoiler, r.Private = r.Spoiler || w.Preset.Settings.Spoiler, r.Private || w.Preset.Settings.Private
	filled := w.Preset.applyTo(w)
	r.noteOrigin(FromPreset, w, filled)
	return filled
}
