package picture

import (
	"slices"
	"strings"
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

// partNames is what people call the kinds of parts.
var partNames = map[string]string{
	Model: "model", LoRA: "LoRA", Embedding: "embedding", Hypernet: "hypernetwork", VAE: "VAE", Upscaler: "upscaler",
}

// KindName is what people call a kind of parts.
func KindName(kind string) string {
	if name, known := partNames[kind]; known {
		return name
	}
	return "add-on"
}

// String names a part in a sentence: the LoRA “ink”.
func (p Part) String() string {
	return "the " + KindName(p.Kind) + " “" + p.Name + "”"
}

// Without returns the parts whose hashes are not among these.
func Without(parts []Part, hashes []string) (missing []Part) {
	for _, p := range parts {
		if !slices.Contains(hashes, p.Hash) {
			missing = append(missing, p)
		}
	}
	return missing
}

// PartNames lists parts in a sentence, each once: the model “photo”, the LoRA “ink” and the LoRA “glow”, where last is
// "and".
func PartNames(parts []Part, last string) string {
	var names []string
	for _, p := range parts {
		if name := p.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " " + last + " " + names[n-1]
	}
	return strings.Join(names, "")
}
