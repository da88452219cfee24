package request

import (
	"math"
	"slices"
	"strings"

	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// Limits of the add-ons of one image.
const (
	maxNetworks         = 8  // LoRAs and hypernetworks: each adds to the time of a step
	maxEmbeddings       = 16 // which take room in a prompt only
	maxStrength         = 10 // beyond it there is only noise
	maxNearestAddons    = 3  // names that are shown for an unknown one
	maxOthersSuggested  = 3  // models that are named where an add-on is for another kind
	maxSameNameRefused  = 4  // files of one name that are told apart
	fewestHashDigits    = 6  // by which a file may be named
	hashDigitsSuggested = 10 // by which files of one name are told apart
)

// optionTags writes the add-ons that options name as tags behind the prompt: so they stay with the words, and whoever
// remixes an image sees them.
func (r *resolution) optionTags(w Wanted) *Refusal {
	for _, typed := range w.Addons {
		if typed = strings.TrimSpace(typed); typed == "" {
			continue
		}
		tag := prompt.ParseAddon(picture.LoRA, typed)
		use, err := tag.Use()
		if err != nil {
			return unreadableStrength(err)
		}
		card, refusal := r.findAddon(use.Kind, use.Name)
		if refusal != nil {
			return refusal
		}
		use.Name = r.plainName(card, use.Name)
		if r.Spec.Prompt != "" {
			r.Spec.Prompt += " "
		}
		r.Spec.Prompt += addonTag(use)
	}
	return nil
}

// addonTag writes a tag.
func addonTag(u prompt.AddonUse) string {
	kind, strength := u.Kind, ":"+shortNumber(u.Strength)
	switch {
	case u.Kind == picture.VAE:
		strength = ""
	case u.TextStrength != nil:
		strength = ":" + shortNumber(*u.TextStrength) + strength
	}
	return "<" + kind + ":" + u.Name + strength + ">"
}

// settleAddons settles which add-ons the prompts ask for, once all their words are known.
func (r *resolution) settleAddons() *Refusal {
	r.Spec.Addons = nil
	for _, step := range []func() *Refusal{r.tagged, r.embeddings} {
		if refusal := step(); refusal != nil {
			return refusal
		}
	}
	return nil
}

// tagged takes the tags of the first tile's prompt for all tiles, as A1111 takes those of the first prompt of a batch
// (parse_prompts in modules/extra_networks.py). A file that is named twice is applied twice, each time with the
// strength that was written last for this name, as there.
func (r *resolution) tagged() *Refusal {
	_, tags := prompt.Addons(r.Spec.Prompt)
	for _, tag := range tags {
		if refusal := r.readTag(tag); refusal != nil {
			return refusal
		}
	}
	uses := prompt.Networks(r.Spec.Prompt)
	if len(uses) > maxNetworks {
		return Refuse("Leave some out.", "Too many LoRAs and hypernetworks: %d, at most %d.", len(uses), maxNetworks)
	}
	for _, use := range uses {
		card, refusal := r.findAddon(use.Kind, use.Name)
		if refusal != nil {
			return refusal
		}
		a := picture.Addon{Kind: card.Kind, Name: card.Name, Hash: card.Hash, Strength: r.boundStrength(use, use.Strength)}
		if use.TextStrength != nil {
			a.TextStrength = new(r.boundStrength(use, *use.TextStrength))
		}
		r.Spec.Addons = append(r.Spec.Addons, a)
	}
	r.noteOtherTags(tags)
	return nil
}

// readTag tells what cannot be read of a tag. That of a VAE settles it at once.
func (r *resolution) readTag(tag prompt.AddonTag) *Refusal {
	use, err := tag.Use()
	short := shorten(tag.Tag)
	switch {
	case err != nil:
		return unreadableStrength(err)
	case use.Kind == "" || use.Name == "":
		r.Note("%s was ignored. Known are <lora:name:1>, <hypernet:name:1> and <vae:name>.", short)
	case use.Kind == picture.VAE && r.vaeChosen:
		r.Note("%s was ignored: an option already sets the VAE.", short)
	case use.Kind == picture.VAE:
		return r.chooseVAE(use.Name)
	case len(use.Unread) > 0:
		r.Note("%s: %s was ignored.", short, strings.Join(use.Unread, ", "))
	}
	return nil
}

func (r *resolution) boundStrength(u prompt.AddonUse, v float64) float64 {
	bound := math.Max(-maxStrength, math.Min(maxStrength, v))
	if bound != v {
		r.Note("Strength of “%s” set to %g. Possible: %d to %d.", u.Name, bound, -maxStrength, maxStrength)
	}
	return bound
}

func unreadableStrength(err error) *Refusal {
	return Refuse("Write it as <lora:name:0.8>.", "I cannot read %v.", err)
}

// noteOtherTags names the tags that do not count.
func (r *resolution) noteOtherTags(counted []prompt.AddonTag) {
	written := func(tags []prompt.AddonTag) (all []string) {
		for _, t := range tags {
			all = append(all, t.Tag)
		}
		return all
	}
	prompts, negatives := r.texts()
	for _, text := range prompts {
		if _, tags := prompt.Addons(text); !slices.Equal(written(tags), written(counted)) {
			r.Note("The images' prompts name different add-ons. Those of the first count for all, as in A1111.")
			break
		}
	}
	if tags := prompt.AddonTags(negatives...); len(tags) > 0 {
		r.Note("Ignored in the negative prompt: %s. Add-ons belong in the prompt.", someTags(tags))
	}
}

// someTags lists tags, the first of them in full.
func someTags(tags []string) phrase.Phrase {
	var short []string
	for _, t := range tags[:min(len(tags), maxTags)] {
		short = append(short, shorten(t))
	}
	all := strings.Join(short, ", ")
	if n := len(tags) - len(short); n > 0 {
		return phrase.Of("%s and %s more", all, phrase.Integer(n))
	}
	return phrase.Of("%s", all)
}

// embeddings finds the embeddings that prompts and negative prompts name. They become a part of the Spec, so that the
// image is the same when there are others.
func (r *resolution) embeddings() *Refusal {
	names := map[string]string{} // by which a prompt names it, in lower case, to the name of the file
	var all []string
	for _, c := range r.available.Addons {
		if c.NSFW && r.available.Safe {
			continue // its name is a word like any other here
		}
		if name := plainFile(c.Name); c.Kind == picture.Embedding && names[strings.ToLower(name)] == "" {
			names[strings.ToLower(name)] = c.Name
			all = append(all, name)
		}
	}
	finder, reading := prompt.NewEmbeddingNames(all), prompt.Current
	prompts, negatives := r.texts()
	var found []string
	for i, text := range slices.Concat(prompts, negatives) {
		for _, asked := range prompt.MarkedEmbeddings(text) {
			card, refusal := r.findAddon(picture.Embedding, asked)
			if refusal != nil {
				return refusal
			}
			if name := plainFile(card.Name); !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
		found = append(found, finder.Find(reading, text, r.Spec.Notation, i < len(prompts))...)
	}
	return r.addEmbeddings(found)
}

func (r *resolution) addEmbeddings(found []string) *Refusal {
	n := 0
	for i, name := range found {
		if slices.Contains(found[:i], name) {
			continue
		}
		card, refusal := r.findAddon(picture.Embedding, name)
		if refusal != nil { // whoever asks for it by embedding:NAME was refused before: words are words
			r.Note("“%s” is read as words: %s", name, refusal.Sentence)
			continue
		}
		if n++; n > maxEmbeddings {
			return Refuse("Leave some out.", "Too many embeddings: at most %d.", maxEmbeddings)
		}
		r.Spec.Addons = append(r.Spec.Addons, picture.Addon{
			Kind: picture.Embedding, Name: plainFile(card.Name), Hash: card.Hash, Strength: 1,
		})
	}
	return nil
}

// vae settles the VAE that an option names.
func (r *resolution) vae(w Wanted) *Refusal {
	if w.VAE == nil || strings.TrimSpace(*w.VAE) == "" {
		return nil
	}
	r.vaeChosen = true
	return r.chooseVAE(*w.VAE)
}

// ownVAE are names of the model's own VAE: A1111's and ours.
var ownVAE = []string{"none", "automatic", "auto", "own"}

func (r *resolution) chooseVAE(name string) *Refusal {
	if slices.Contains(ownVAE, strings.ToLower(strings.TrimSpace(name))) {
		r.Spec.VAE = nil
		return nil
	}
	card, refusal := r.findAddon(picture.VAE, name)
	if refusal == nil {
		r.Spec.VAE = &picture.Ref{Name: card.Name, Hash: card.Hash}
	}
	return refusal
}

// AgeRestricted tells whether a Spec names a model or an add-on that may be used in age-restricted channels only.
func (a Available) AgeRestricted(s picture.Spec) bool {
	a.Safe = true
	if card, same := a.Find(s.Model); same && card.NSFW {
		return true
	}
	r := resolution{available: a, Resolved: Resolved{Spec: s}}
	return r.checkAges() != nil
}

// Knows tells whether it is known of all parts of a Spec whether they may be used in age-restricted channels only.
func (a Available) Knows(s picture.Spec) bool { return len(picture.Without(s.Parts(), a.all())) == 0 }

// checkAges refuses a Spec with a model or an add-on that may not be used here. Check tells whether some renderer has
// it.
func (r *resolution) checkAges() *Refusal {
	if !r.available.Safe {
		return nil
	}
	if r.Card.NSFW {
		return ageRestricted(picture.Model, r.Card.Name)
	}
	parts := r.Spec.Parts()
	i := slices.IndexFunc(r.available.Addons, func(c AddonCard) bool {
		return c.NSFW && slices.ContainsFunc(parts, func(p picture.Part) bool { return p.Hash == c.Hash })
	})
	if i < 0 {
		return nil
	}
	return ageRestrictedAddon(r.available.Addons[i])
}
