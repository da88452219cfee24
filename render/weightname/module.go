package weightname

import "strings"

// Module is a module of a model: its part and its canonical name, which is that of its weight without ".weight".
type Module struct{ Part, Name string }

// Modules finds the modules of a model by the names that add-ons give them. An add-on writes a module's whole path,
// mostly with every dot as an underscore; since that cannot be taken apart, all names of the model are written so and
// looked up.
type Modules struct {
	flat map[string]map[string]string // by part, flattened name → canonical name
}

// NewModules takes the canonical names of a model's weights by part.
func NewModules(weights map[string][]string) *Modules {
	m := &Modules{flat: map[string]map[string]string{}}
	for part, names := range weights {
		flat := map[string]string{}
		layout := LayoutOf(names)
		for _, name := range names {
			module := strings.TrimSuffix(strings.TrimSuffix(name, ".weight"), ".bias")
			if module == name {
				continue
			}
			flat[flatten(module)] = module
			switch part {
			case Unet:
				if original := layout.UnetOriginal(module); original != "" {
					flat[flatten(original)] = module
				}
			case TextEncoder, TextEncoder2:
				flat[flatten(strings.TrimPrefix(module, "text_model."))] = module
			}
		}
		m.flat[part] = flat
	}
	return m
}

func flatten(name string) string { return strings.ReplaceAll(name, ".", "_") }

// moduleRoots are what add-ons write before a module's name, flattened. The sources: kohya's networks/lora.py (lora_…,
// oft_unet_), diffusers (unet., text_encoder.), PEFT (base_model.model.), LyCORIS (lycoris_), OneTrainer, which writes
// kohya's beginnings with dots, and ComfyUI's comfy/lora.py.
var moduleRoots = []root{
	{"lora_unet_", Unet},
	{"lora_unet__", Unet},
	{"oft_unet_", Unet},
	{"unet_base_model_model_", Unet},
	{"unet_", Unet},
	{"model_diffusion_model_", Unet},
	{"diffusion_model_", Unet},
	{"lora_te_", TextEncoder},
	{"lora_te1_", TextEncoder},
	{"text_encoder_base_model_model_", TextEncoder},
	{"text_encoder_", TextEncoder},
	{"text_encoders_clip_l_transformer_", TextEncoder},
	{"text_encoders_clip_l_", TextEncoder},
	{"lora_te2_", TextEncoder2},
	{"text_encoder_2_base_model_model_", TextEncoder2},
	{"text_encoder_2_", TextEncoder2},
	{"text_encoders_clip_g_transformer_", TextEncoder2},
	{"text_encoders_clip_g_", TextEncoder2},
}

// bareRoots say nothing of the part: the first part that has such a module is meant.
var bareRoots = []string{"base_model_model_", "lycoris_", "lora_", ""}

// Find returns the module that an add-on means by the part of a key before the field: see SplitKey.
func (m *Modules) Find(name string) (Module, bool) {
	flat := flatten(name)
	if found, ok := m.lookUp(flat); ok {
		return found, true
	}
	return m.lookUp(withoutProcessor(flat))
}

func (m *Modules) lookUp(flat string) (Module, bool) {
	for _, r := range moduleRoots {
		if rest, ok := strings.CutPrefix(flat, r.prefix); ok {
			if name := m.flat[r.part][rest]; name != "" {
				return Module{r.part, name}, true
			}
		}
	}
	for _, prefix := range bareRoots {
		rest, ok := strings.CutPrefix(flat, prefix)
		for _, part := range []string{Unet, TextEncoder, TextEncoder2} {
			if name := m.flat[part][rest]; ok && name != "" {
				return Module{part, name}, true
			}
		}
	}
	return Module{}, false
}

// withoutProcessor turns the names of diffusers' first LoRAs into those of the layers: "attn1.processor.to_out" means
// "attn1.to_out.0", and a text encoder's "self_attn.to_q" means "self_attn.q_proj".
func withoutProcessor(flat string) string {
	flat = strings.Replace(flat, "_processor_to_", "_to_", 1)
	before, kind, _ := cutLast(flat, "_to_")
	switch {
	case strings.HasSuffix(before, "_self_attn"):
		return before + "_" + kind + "_proj"
	case kind == "out":
		return flat + "_0"
	default:
		return flat
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// Part tells which part of a model an add-on's name means by its beginning, whatever modules the model has; empty
// where the beginning does not tell.
func Part(name string) string {
	flat, longest, part := flatten(name), 0, ""
	for _, r := range moduleRoots {
		if len(r.prefix) > longest && strings.HasPrefix(flat, r.prefix) {
			longest, part = len(r.prefix), r.part
		}
	}
	return part
}
