package prompt

import (
	"math"
	"slices"
	"strings"

	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/pyre"
)

// AddonUse is what an add-on tag asks for.
type AddonUse struct {
	Kind string // picture.LoRA, picture.Hypernet or picture.VAE; "" for a kind of tag that means nothing here
	Name string // as written; empty in a malformed tag

	Strength     float64  // of the UNet's part; 1 unless the tag says otherwise
	TextStrength *float64 // of the text encoders' part; nil: Strength
	Unread       []string // arguments that mean nothing here, as written
}

// Idle tells whether the add-on changes nothing: its strengths are 0.
func (u AddonUse) Idle() bool {
	return picture.Addon{Kind: u.Kind, Strength: u.Strength, TextStrength: u.TextStrength}.Idle()
}

// addonKinds are the kinds of tags. LyCORIS's own tag means the same as <lora:…>, as in A1111.
func addonKinds() map[string]string {
	return map[string]string{
		"lora": picture.LoRA, "lyco": picture.LoRA, "hypernet": picture.Hypernet, "vae": picture.VAE,
	}
}

// Use reads a tag's arguments as A1111 does (extensions-builtin/Lora/extra_networks_lora.py and
// modules/extra_networks_hypernet.py):
//
//	<lora:ink>                ×1
//	<lora:ink:0.8>            ×0.8
//	<lora:ink:0.5:1>          ×0.5 for the text encoders, ×1 for the UNet
//	<lora:ink:te=0.5:unet=1>  the same
//	<hypernet:ink:0.8>        ×0.8
//
// The error says which strength is not a finite number.
func (a AddonTag) Use() (AddonUse, error) {
	u := AddonUse{Kind: addonKinds()[a.Kind], Name: a.Name, Strength: 1}
	switch u.Kind {
	case picture.LoRA:
		return u, a.readLoRA(&u)
	case picture.Hypernet:
		err := a.strength(&u.Strength, 0, "")
		u.Unread = a.unread(1)
		return u, err
	}
	u.Unread = a.unread(0)
	return u, nil
}

func (a AddonTag) readLoRA(u *AddonUse) error {
	text := 1.0
	if err := a.strength(&text, 0, "te"); err != nil {
		return err
	}
	u.Strength = text
	if err := a.strength(&u.Strength, 1, "unet"); err != nil {
		return err
	}
	if text != u.Strength {
		u.TextStrength = &text
	}
	u.Unread = a.unread(2, "te", "unet")
	return nil
}

// StrengthError means that a tag has a strength that is no number.
type StrengthError struct{ Tag, Strength string }

// Error is Phrase in English.
func (e *StrengthError) Error() string { return e.Phrase().String() }

// Phrase is a clause for people.
func (e *StrengthError) Phrase() phrase.Phrase {
	return phrase.Of("%s: the strength %q is not a number", e.Tag, e.Strength)
}

// strength reads an argument by its place, and by its name, which goes before.
func (a AddonTag) strength(into *float64, at int, name string) error {
	text, given := a.Named[name]
	if !given && at < len(a.Args) {
		text, given = a.Args[at], true
	}
	if !given {
		return nil
	}
	v, err := pyre.ParseFloat(pyre.TrimSpace(text))
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return &StrengthError{Tag: a.Tag, Strength: text}
	}
	*into = v
	return nil
}

// unread lists the arguments but the first so many and those of these names.
func (a AddonTag) unread(read int, names ...string) (all []string) {
	all = append(all, a.Args[min(read, len(a.Args)):]...)
	for name, value := range a.Named {
		if !slices.Contains(names, name) {
			all = append(all, name+"="+value)
		}
	}
	slices.Sort(all)
	return all
}

// Networks returns the LoRAs and hypernetworks that a prompt asks for and that change something, in the order typed. A
// name that is written twice is applied twice, each time with the strengths that were written last, as in A1111. Tags
// that cannot be read are left out.
func Networks(text string) (all []AddonUse) {
	_, tags := Addons(text)
	last := map[[2]string]AddonUse{}
	for _, tag := range tags {
		u, err := tag.Use()
		if err == nil && u.Name != "" && (u.Kind == picture.LoRA || u.Kind == picture.Hypernet) {
			last[[2]string{u.Kind, u.Name}] = u
			all = append(all, u)
		}
	}
	for i, u := range all {
		all[i] = last[[2]string{u.Kind, u.Name}]
	}
	return slices.DeleteFunc(all, AddonUse.Idle)
}

// HasVAE tells whether a prompt names a VAE.
func HasVAE(text string) bool {
	_, tags := Addons(text)
	return slices.ContainsFunc(tags, func(t AddonTag) bool { return addonKinds()[t.Kind] == picture.VAE })
}

// ParseAddon reads what stands in a tag without its brackets, such as ink:0.8. A kind of tag may stand before it:
// hypernet:fog:0.5.
func ParseAddon(kind, text string) AddonTag {
	if tags := addonTag.FindStringSubmatch(text); tags != nil {
		kind, text = tags[1], tags[2]
	} else if named, rest, found := strings.Cut(text, ":"); found && addonKinds()[strings.ToLower(named)] != "" {
		kind, text = named, rest
	}
	a := parseAddon(kind, text)
	a.Tag = "<" + a.Kind + ":" + text + ">"
	return a
}
