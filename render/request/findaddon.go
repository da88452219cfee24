package request

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// addonFile is the ending of an add-on's file. People write names with it and without.
var addonFile = regexp.MustCompile(`(?i)\.(safetensors|ckpt|pth|pt|bin|png|webp|onnx)$`)

// hashMark divides the name of a file from digits of its hash, where files of one name must be told apart:
// ink@3fa9c01b22.
const hashMark = "@"

// plainFile is a name without folder and ending.
func plainFile(name string) string {
	return addonFile.ReplaceAllString(path.Base(strings.ReplaceAll(name, `\`, "/")), "")
}

// findAddon finds the add-on of a kind that a person named: by the name of its file, by the name that its training gave
// it if only one has that, and with or without its folder, in any case. Where several files have the name, those of the
// image that is remixed go first, then those that fit the model.
func (r *resolution) findAddon(kind, name string) (AddonCard, *Refusal) {
	found := r.available.addonsNamed(kind, name)
	if len(found) == 0 {
		return AddonCard{}, r.unknownAddon(kind, name)
	}
	safe := slices.DeleteFunc(slices.Clone(found), func(c AddonCard) bool { return c.NSFW && r.available.Safe })
	if len(safe) == 0 {
		return AddonCard{}, ageRestrictedAddon(found[0])
	}
	fitting := slices.DeleteFunc(slices.Clone(safe), func(c AddonCard) bool { return !c.Fits(r.Card) })
	if len(fitting) == 0 {
		return AddonCard{}, r.otherFamily(safe[0])
	}
	if i := slices.IndexFunc(fitting, r.isEarlier); i >= 0 {
		return fitting[i], nil
	}
	if len(fitting) > 1 {
		return AddonCard{}, sameName(fitting, name)
	}
	return fitting[0], nil
}

// isEarlier tells whether the image that is remixed has the add-on.
func (r *resolution) isEarlier(c AddonCard) bool {
	return slices.ContainsFunc(r.earlier, func(a picture.Addon) bool { return a.Kind == c.Kind && a.Hash == c.Hash })
}

// addonsNamed lists the add-ons of a kind that a name means, each file once.
func (a Available) addonsNamed(kind, name string) []AddonCard {
	name = addonFile.ReplaceAllString(strings.TrimSpace(strings.ReplaceAll(name, `\`, "/")), "")
	plain, hash, marked := cutHash(name)
	plain = addonFile.ReplaceAllString(plain, "")
	for _, means := range []func(AddonCard) bool{
		func(c AddonCard) bool { return strings.EqualFold(c.Name, name) },
		func(c AddonCard) bool { return marked && c.hasHash(hash) && (plain == "" || c.isNamed(plain)) },
		func(c AddonCard) bool { return marked && c.hasHash(hash) },
	} {
		if found := a.addonsWhere(kind, means); len(found) > 0 {
			return found
		}
	}
	byAlias := a.addonsWhere(kind, func(c AddonCard) bool { return c.Alias != "" && strings.EqualFold(c.Alias, name) })
	if len(byAlias) == 1 {
		return byAlias
	}
	return a.addonsWhere(kind, func(c AddonCard) bool { return c.isNamed(name) })
}

// addonsWhere lists the add-ons of a kind for which means is true, each file once.
func (a Available) addonsWhere(kind string, means func(AddonCard) bool) (found []AddonCard) {
	for _, c := range a.Addons {
		if c.Kind == kind && means(c) &&
			!slices.ContainsFunc(found, func(other AddonCard) bool { return other.Hash == c.Hash }) {
			found = append(found, c)
		}
	}
	return found
}

// MayName tells whether the request may mean an add-on, whatever its hash: a tag, an option or a word has its name. A
// program that must hash large files first needs to hash those only.
func (w Wanted) MayName(c AddonCard) bool {
	if c.Kind == picture.Embedding {
		return true // any word may be its name, and its file is small
	}
	texts := []string{w.Prompt}
	if f, given := prompt.FindFlag(w.Prompt, prompt.FlagVAE); given {
		texts = append(texts, "<"+picture.VAE+":"+f.Value+">")
	}
	for _, tile := range w.Tiles {
		texts = append(texts, tile.Prompt)
	}
	for _, a := range w.Addons {
		texts = append(texts, prompt.ParseAddon(picture.LoRA, a).Tag)
	}
	if w.VAE != nil {
		texts = append(texts, "<"+picture.VAE+":"+*w.VAE+">")
	}
	_, tags := prompt.Addons(strings.Join(texts, "\n"))
	return slices.ContainsFunc(tags, func(t prompt.AddonTag) bool {
		use, _ := t.Use()
		plain, _, marked := cutHash(t.Name)
		name := plainFile(plain)
		isNamed := strings.EqualFold(name, plainFile(c.Name)) || strings.EqualFold(name, c.Alias)
		return use.Kind == c.Kind && (marked || isNamed)
	})
}

// isNamed tells whether a name means the file; one of the two may leave out its folder.
func (c AddonCard) isNamed(name string) bool {
	if strings.Contains(c.Name, "/") && strings.Contains(name, "/") {
		return strings.EqualFold(c.Name, name)
	}
	return strings.EqualFold(path.Base(c.Name), path.Base(name))
}

// hasHash tells whether digits begin one of the two hashes of the file.
func (c AddonCard) hasHash(digits string) bool {
	digits = strings.ToLower(digits)
	return len(digits) >= fewestHashDigits && (strings.HasPrefix(c.Hash, digits) || strings.HasPrefix(c.Short, digits))
}

// Fits tells whether the add-on's shapes are those of a model, as far as both are known.
func (c AddonCard) Fits(model Card) bool {
	family := len(c.Families) == 0 || model.Family == "" || slices.Contains(c.Families, model.Family)
	width := len(c.TextWidths) == 0 || model.TextWidth == 0 || slices.Contains(c.TextWidths, model.TextWidth)
	return family && width
}

var hexDigits = regexp.MustCompile(`(?i)^[0-9a-f]{6,64}$`)

// cutHash divides a name from the digits of a hash.
func cutHash(name string) (plain, hash string, marked bool) {
	at := strings.LastIndex(name, hashMark)
	if at < 0 || !hexDigits.MatchString(name[at+1:]) {
		return name, "", false
	}
	return name[:at], name[at+1:], true
}

// plainName is how a tag names a card: as its file is called where that means this file, else as it was typed.
func (r *resolution) plainName(c AddonCard, typed string) string {
	for _, name := range []string{plainFile(c.Name), c.Name} {
		if again, refusal := r.findAddon(c.Kind, name); refusal == nil && again.Hash == c.Hash && isWritable(name) {
			return name
		}
	}
	if isWritable(typed) {
		return typed
	}
	return c.ID()
}

// ID names an add-on by its name and the beginning of its hash, so that it is the same file later: ink@3fa9c01b22. What
// would end a tag, or begin something else in a prompt, is a blank in the name.
func (c AddonCard) ID() string {
	name := plainFile(c.Name)
	if !isWritable(name) {
		name = strings.Map(func(r rune) rune {
			if strings.ContainsRune(unwritable+"_-", r) {
				return ' '
			}
			return r
		}, name)
		name = strings.Join(strings.Fields(name), " ")
	}
	return name + hashMark + c.Hash[:min(len(c.Hash), hashDigitsSuggested)]
}

// unwritable are the characters that a name in a tag cannot have: they end it, or are read before tags are.
const unwritable = "<>:#{}|$\\\n\r"

func isWritable(name string) bool {
	return name != "" && !strings.ContainsAny(name, unwritable) && !strings.Contains(name, "__") &&
		strings.TrimSpace(name) == name && !strings.Contains(name, " --")
}

// AddonWords are the words that an image's add-ons know: names of embeddings, and what LoRAs were trained with.
func (a Available) AddonWords(s picture.Spec) (words []string) {
	for _, used := range s.Addons {
		if used.Kind == picture.Embedding {
			words = append(words, used.Name)
		}
		for _, c := range a.Addons {
			if c.Kind == used.Kind && c.Hash == used.Hash {
				words = append(words, c.Triggers...)
			}
		}
	}
	return words
}

func (r *resolution) unknownAddon(kind, name string) *Refusal {
	var names []string
	for _, c := range r.available.Addons {
		if c.Kind == kind && c.Fits(r.Card) && !(c.NSFW && r.available.Safe) {
			names = append(names, plainFile(c.Name))
			if c.Alias != "" {
				names = append(names, c.Alias)
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	refusal := Refuse("None is called anything like it.", "There is no %s “%s”.", picture.KindWord(kind), shorten(name))
	if near := prompt.NearestWords(names, plainFile(name), maxNearestAddons); len(near) > 0 {
		return refusal.Suggest("Did you mean %s?", phrase.Or(near))
	} else if len(names) == 0 {
		return refusal.Suggest("There are none for %s.", r.Card.Name)
	}
	return refusal
}

func (r *resolution) otherFamily(c AddonCard) *Refusal {
	var others []string
	for _, m := range r.available.Models {
		if c.Fits(m) && m.Family != "" && len(others) < maxOthersSuggested {
			others = append(others, m.Name)
		}
	}
	kind, name := picture.KindWord(c.Kind), plainFile(c.Name)
	refusal := Refuse("", "The %s “%s” is for %s, and %s is a model of %s.", kind, name, phrase.Or(c.Families),
		r.Card.Name, r.Card.Family)
	if len(c.Families) == 0 || slices.Contains(c.Families, r.Card.Family) {
		refusal = Refuse("", "The %s “%s” is for models with another text encoder than that of %s.", kind, name,
			r.Card.Name)
	}
	if len(others) > 0 {
		return refusal.Suggest("Choose another model: %s.", phrase.Or(others))
	}
	return refusal
}

// ageRestricted refuses what is marked as NSFW where it may not be used.
func ageRestricted(kind, name string) *Refusal {
	return Refuse("", "The %s “%s” may be used in age-restricted channels only.", picture.KindWord(kind), name)
}

func ageRestrictedAddon(c AddonCard) *Refusal {
	return ageRestricted(c.Kind, plainFile(c.Name))
}

func sameName(found []AddonCard, name string) *Refusal {
	var ids []string
	for _, c := range found[:min(len(found), maxSameNameRefused)] {
		ids = append(ids, c.ID())
	}
	return Refuse("", "%d different files are called “%s”.", len(found), name).Suggest("Say which: %s.", phrase.Or(ids))
}

// shortNumber writes a number as people do: 0.8.
func shortNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
