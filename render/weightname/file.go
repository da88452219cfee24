package weightname

import (
	"slices"
	"strings"
)

// File is what the keys of a file mean.
type File struct {
	Parts   map[string]map[string]Place // by part and by canonical name
	Layout  Layout                      // of its UNet; zero without one
	Unknown []string                    // keys that no weight is known for, sorted
}

// root is what keys of a part begin with in a file that holds several parts.
type root struct{ prefix, part string }

// roots lists the beginnings, longer ones before their own beginnings. The sources are the configurations of Stable
// Diffusion (cond_stage_model, first_stage_model), of SDXL's base and refiner (conditioner.embedders: the refiner's
// only encoder is the base's second) and ComfyUI's (text_encoders).
var roots = []root{
	{"model.diffusion_model.", Unet},
	{"diffusion_model.", Unet},
	{"unet.", Unet},
	{"first_stage_model.", VAE},
	{"vae.", VAE},
	{"cond_stage_model.transformer.", TextEncoder},
	{"cond_stage_model.model.", TextEncoder},
	{"conditioner.embedders.0.transformer.", TextEncoder},
	{"conditioner.embedders.0.model.", TextEncoder2},
	{"conditioner.embedders.1.model.", TextEncoder2},
	{"text_encoders.clip_l.transformer.", TextEncoder},
	{"text_encoders.clip_h.transformer.", TextEncoder},
	{"text_encoders.clip_g.transformer.", TextEncoder2},
	{"text_encoder_2.", TextEncoder2},
	{"text_encoder.", TextEncoder},
}

// Read translates the keys of a checkpoint, or of a file of one part only. Where two keys mean one weight, the first in
// alphabetical order counts and the other is unknown.
func Read(keys []string) File {
	f := File{Parts: map[string]map[string]Place{}}
	byPrefix := map[root][]string{}
	var rest []string
	for _, key := range keys {
		if i := slices.IndexFunc(roots, func(r root) bool { return strings.HasPrefix(key, r.prefix) }); i >= 0 {
			byPrefix[roots[i]] = append(byPrefix[roots[i]], key)
		} else {
			rest = append(rest, key)
		}
	}
	if part := partOf(rest); part != "" && len(byPrefix) == 0 {
		return ReadPart(part, keys)
	}
	for _, r := range roots {
		f.add(r, byPrefix[r])
	}
	f.Unknown = append(f.Unknown, rest...)
	slices.Sort(f.Unknown)
	return f
}

// ReadPart translates the keys of a file that holds one part, without a beginning that says which.
func ReadPart(part string, keys []string) File {
	f := File{Parts: map[string]map[string]Place{}}
	f.add(root{part: part}, keys)
	slices.Sort(f.Unknown)
	return f
}

// partOf tells which part a file without beginnings holds, by a weight that each has; empty for none.
func partOf(keys []string) string {
	for _, sign := range [][2]string{
		{"input_blocks.0.0.weight", Unet},
		{"conv_in.weight", Unet},
		{"decoder.conv_in.weight", VAE},
		{"text_model.embeddings.token_embedding.weight", TextEncoder},
		{"embeddings.token_embedding.weight", TextEncoder},
		{"transformer.resblocks.0.ln_1.weight", TextEncoder2},
	} {
		if slices.Contains(keys, sign[0]) {
			return sign[1]
		}
	}
	return ""
}

// add translates the keys of one part.
func (f *File) add(r root, keys []string) {
	if len(keys) == 0 {
		return
	}
	names := make([]string, len(keys))
	for i, key := range slices.Sorted(slices.Values(keys)) {
		names[i] = strings.TrimPrefix(key, r.prefix)
	}
	places := f.Parts[r.part]
	if places == nil {
		places = map[string]Place{}
	}
	found := f.translate(r.part, names)
	for _, name := range names {
		fresh := 0
		for canonical, place := range found[name] {
			if _, taken := places[canonical]; !taken {
				place.Key = r.prefix + name
				places[canonical], fresh = place, fresh+1
			}
		}
		if fresh == 0 {
			f.Unknown = append(f.Unknown, r.prefix+name)
		}
	}
	if len(places) > 0 {
		f.Parts[r.part] = places
	}
}

// translate returns the weights that each name of a part stands for, without the places' keys.
func (f *File) translate(part string, names []string) map[string]map[string]Place {
	one := func(name string) map[string]Place {
		if name == "" {
			return nil
		}
		return map[string]Place{name: {}}
	}
	found := map[string]map[string]Place{}
	switch part {
	case Unet:
		f.Layout = LayoutOf(names)
		for _, name := range names {
			found[name] = one(f.Layout.UnetCanonical(name))
		}
	case VAE:
		levels := vaeLevels(names)
		for _, name := range names {
			found[name] = one(VAECanonical(name, levels))
		}
	case ImageEncoder:
		for _, name := range names {
			found[name] = VisionCanonical(name)
		}
	default:
		for _, name := range names {
			found[name] = TextCanonical(name)
		}
	}
	return found
}
