package addon

import (
	"slices"
	"strings"

	"darkroom/render/family"
	"darkroom/render/weightname"
)

// elsewhere are architectures that are told by a part of a module's name, and that no supported family shares.
var elsewhere = []struct{ sign, name string }{
	{"double_blocks", "Flux"},
	{"single_transformer_blocks", "Flux"},
	{"joint_blocks", "Stable Diffusion 3"},
	{"lora_te3_", "Stable Diffusion 3 or Flux"},
	{"lora_prior_", "Stable Cascade"},
	{"transformer.transformer_blocks", "a newer model with a transformer"},
	{"lora_transformer_", "a newer model with a transformer"},
	{"diffusion_model.layers.", "a newer model with a transformer"},
	{"cross_attn", "a newer model with a transformer"},
}

// widths are those of the text that a family's UNet reads in cross-attention.
var widths = map[int]string{
	768: family.SD1.Name, 1024: family.SD2.Name, 2048: family.SDXL.Name, 1280: family.Refiner.Name,
}

// Families names the families whose models the file was made for, by its modules' names and shapes, or by what its
// training wrote down. nil if nothing tells.
func (l *LoRA) Families() []string {
	for _, module := range l.sortedModules() {
		for _, e := range elsewhere {
			if strings.Contains(module, e.sign) {
				return []string{e.name}
			}
		}
	}
	if found := l.familyByWidth(); found != "" {
		return []string{found}
	}
	if found := l.familyByText(); found != nil {
		return found
	}
	return l.familyByMetadata()
}

func (l *LoRA) sortedModules() []string {
	names := make([]string, 0, len(l.modules))
	for name := range l.modules {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// familyByWidth goes by the inputs of a cross-attention's keys and values.
func (l *LoRA) familyByWidth() string { return widths[l.textWidth()] }

// textWidth is the width of the text that its cross-attentions read; 0 where it changes none of them, or by factors
// that do not tell.
func (l *LoRA) textWidth() int {
	for _, module := range l.sortedModules() {
		if !strings.HasSuffix(module, "attn2_to_k") && !strings.HasSuffix(module, "attn2.to_k") &&
			!strings.HasSuffix(module, "attn2.processor.to_k") {
			continue
		}
		if width := l.inputs(module); width > 0 {
			return width
		}
	}
	return 0
}

// familyByText goes by the width of the text encoders and the names of their modules.
func (l *LoRA) familyByText() []string {
	modules := l.sortedModules()
	if slices.ContainsFunc(modules, func(m string) bool { return weightname.Part(m) == weightname.TextEncoder2 }) {
		return []string{family.SDXL.Name}
	}
	for _, module := range modules {
		if weightname.Part(module) != weightname.TextEncoder || !strings.Contains(module, "q_proj") {
			continue
		}
		kohya := strings.HasPrefix(module, "lora_te")
		switch width := l.inputs(module); {
		case width == 1024:
			return []string{family.SD2.Name}
		case width == 768 && strings.HasPrefix(module, "lora_te1"):
			return []string{family.SDXL.Name}
		case width == 768 && kohya:
			return []string{family.SD1.Name}
		case width == 768:
			return []string{family.SD1.Name, family.SDXL.Name} // both have the same first encoder
		}
	}
	return nil
}

// inputs is the number of inputs of a linear layer that a module changes; 0 where its fields do not tell.
func (l *LoRA) inputs(module string) int {
	keys := l.modules[module]
	dim := func(field weightname.Field, axis int) int {
		t, ok := l.file.Tensors[keys[field]]
		if !ok || axis >= len(t.Shape) {
			return 0
		}
		return int(t.Shape[axis])
	}
	first := func(fields ...weightname.Field) int {
		for _, f := range fields {
			if n := dim(f, 1); n > 0 {
				return n
			}
		}
		return 0
	}
	if n := first(weightname.Down, "hada_w1_b", "diff"); n > 0 {
		return n
	}
	if blocks := dim("oft_R", 0); blocks > 1 { // one block may stand for all
		return blocks * blockSize(dim("oft_R", 1))
	}
	if dim(peftIA3, 0) == 1 {
		return dim(peftIA3, 1)
	}
	return first("lokr_w1", "lokr_w1_b") * first("lokr_w2", "lokr_w2_b")
}

// familyByMetadata goes by what kohya's scripts and the modelspec standard write down.
func (l *LoRA) familyByMetadata() []string {
	base := l.file.Metadata["ss_base_model_version"]
	architecture := l.file.Metadata["modelspec.architecture"]
	for _, sign := range []struct{ base, architecture, name string }{
		{"sdxl", "stable-diffusion-xl", family.SDXL.Name},
		{"sd_v2", "stable-diffusion-v2", family.SD2.Name},
		{"sd_v1", "stable-diffusion-v1", family.SD1.Name},
	} {
		if strings.HasPrefix(base, sign.base) || strings.HasPrefix(architecture, sign.architecture) {
			return []string{sign.name}
		}
	}
	return nil
}
