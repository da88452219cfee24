package encode

import (
	"slices"
	"strings"

	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// AddonHash says which file a name in the prompt means.
type AddonHash struct {
	Kind string // of picture
	Name string // as the prompt writes it
	Hash string // the 12 digits that A1111 writes
}

// A1111's keys of add-ons, and one of our own: A1111 writes no hashes of hypernetworks.
const (
	keyVAE            = "VAE"
	keyVAEHash        = "VAE hash"
	keyLoRAHashes     = "Lora hashes"
	keyTIHashes       = "TI hashes"
	keyHypernetHashes = "Hypernet hashes"
)

// addonKeys are the keys of each kind of add-on, in the order in which they are written.
func addonKeys() []Field {
	return []Field{
		{keyLoRAHashes, picture.LoRA}, {keyTIHashes, picture.Embedding}, {keyHypernetHashes, picture.Hypernet},
	}
}

// addonFields names the files of the add-ons as A1111 does: "name: digits, name: digits", by the names in the prompt
// (extensions-builtin/Lora/extra_networks_lora.py, modules/sd_hijack.py).
func addonFields(s picture.Spec, short func(sha256 string) string) (out []Field) {
	names := mentionedNames(s)
	for _, key := range addonKeys() {
		var all []string
		for i, a := range s.Addons {
			if a.Kind != key.Value {
				continue
			}
			digits := ""
			if a.Kind == picture.LoRA && short != nil {
				digits = short(a.Hash)
			}
			if digits == "" {
				digits = a.Hash[:min(len(a.Hash), picture.ShortHashDigits)]
			}
			if cell := plainCell.Replace(names[i]) + ": " + digits; !slices.Contains(all, cell) {
				all = append(all, cell)
			}
		}
		if len(all) > 0 {
			out = append(out, Field{key.Key, strings.Join(all, ", ")})
		}
	}
	return out
}

// plainCell takes out of a name what divides such a list.
var plainCell = strings.NewReplacer(":", "", ",", "")

// mentionedNames returns how the prompt names each add-on of a Spec: LoRAs and hypernetworks are those of its tags, in
// their order.
func mentionedNames(s picture.Spec) []string {
	var names []string
	at := map[string]int{}
	for _, a := range s.Addons {
		name, uses := a.Name, usesOf(s, a.Kind)
		if i := at[a.Kind]; len(uses) == countKind(s.Addons, a.Kind) {
			name = uses[i].Name
		}
		at[a.Kind]++
		names = append(names, name)
	}
	return names
}

func usesOf(s picture.Spec, kind string) []prompt.AddonUse {
	return slices.DeleteFunc(prompt.Networks(s.Prompt), func(u prompt.AddonUse) bool { return u.Kind != kind })
}

func countKind(addons []picture.Addon, kind string) (n int) {
	for _, a := range addons {
		if a.Kind == kind {
			n++
		}
	}
	return n
}

// addonHashes reads what files the names in the prompt mean.
func (r Parameters) addonHashes() (all []AddonHash) {
	for _, key := range addonKeys() {
		for cell := range strings.SplitSeq(r.text(key.Key), ",") {
			name, hash, ok := strings.Cut(cell, ":")
			if name, hash = trimBlank(name), trimBlank(hash); ok && name != "" && hash != "" {
				all = append(all, AddonHash{key.Value, name, hash})
			}
		}
	}
	return all
}
