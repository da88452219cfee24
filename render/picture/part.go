package picture

import (
	"slices"

	"darkroom/render/phrase"
)

// Model is the kind of a Part that is the model itself.
const Model = "model"

// Part is a file or folder that a Spec names by its hash.
type Part struct{ Kind, Name, Hash string }

// Parts lists what a renderer must have for a Spec, the model first. An upscaler with the model's name lies in the
// model's own folder and comes with it.
func (s Spec) Parts() []Part {
	all := []Part{{Model, s.Model.Name, s.Model.Hash}}
	for _, a := range s.Addons {
		all = append(all, Part{a.Kind, a.Name, a.Hash})
	}
	if s.VAE != nil {
		all = append(all, Part{VAE, s.VAE.Name, s.VAE.Hash})
	}
	if s.Upscaler != nil && s.Upscaler.Name != s.Model.Name {
		all = append(all, Part{Upscaler, s.Upscaler.Name, s.Upscaler.Hash})
	}
	return all
}

// KindWord is what people call a kind of parts.
func KindWord(kind string) phrase.Phrase {
	switch kind {
	case Model:
		return phrase.Of("model")
	case LoRA:
		return phrase.Of("LoRA")
	case Embedding:
		return phrase.Of("embedding")
	case Hypernet:
		return phrase.Of("hypernetwork")
	case VAE:
		return phrase.Of("VAE")
	case Upscaler:
		return phrase.Of("upscaler")
	}
	return phrase.Of("add-on")
}

// KindName is KindWord in English.
func KindName(kind string) string { return KindWord(kind).String() }

// Phrase names a part in a sentence: the LoRA “ink”.
func (p Part) Phrase() phrase.Phrase {
	switch p.Kind {
	case Model:
		return phrase.Of("the model “%s”", p.Name)
	case LoRA:
		return phrase.Of("the LoRA “%s”", p.Name)
	case Embedding:
		return phrase.Of("the embedding “%s”", p.Name)
	case Hypernet:
		return phrase.Of("the hypernetwork “%s”", p.Name)
	case VAE:
		return phrase.Of("the VAE “%s”", p.Name)
	case Upscaler:
		return phrase.Of("the upscaler “%s”", p.Name)
	}
	return phrase.Of("the add-on “%s”", p.Name)
}

// String is Phrase in English.
func (p Part) String() string { return p.Phrase().String() }

// Without returns the parts whose hashes are not among these.
func Without(parts []Part, hashes []string) (missing []Part) {
	for _, p := range parts {
		if !slices.Contains(hashes, p.Hash) {
			missing = append(missing, p)
		}
	}
	return missing
}

// AllOf lists parts in a sentence, each once: the model “photo”, the LoRA “ink” and the LoRA “glow”.
func AllOf(parts []Part) phrase.Phrase { return phrase.And(named(parts)) }

// AnyOf is AllOf where one of them is meant: the model “photo” or the LoRA “ink”.
func AnyOf(parts []Part) phrase.Phrase { return phrase.Or(named(parts)) }

// named returns parts that are named differently.
func named(parts []Part) (all []Part) {
	for _, p := range parts {
		if !slices.ContainsFunc(all, func(o Part) bool { return o.String() == p.String() }) {
			all = append(all, p)
		}
	}
	return all
}
