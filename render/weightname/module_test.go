package weightname

import (
	"slices"
	"strings"
	"testing"
)

func sdxlModules(t *testing.T) (*Modules, map[string]map[string]Place) {
	t.Helper()
	kinds := recorded(t)
	weights := map[string][]string{}
	for part, kind := range map[string]string{Unet: "sdxl", TextEncoder: "clip", TextEncoder2: "open_clip"} {
		for name := range kinds[kind] {
			weights[part] = append(weights[part], name)
		}
	}
	return NewModules(weights), kinds
}

// TestModulesFind looks up every module of SDXL by all names that add-ons have for it.
func TestModulesFind(t *testing.T) {
	t.Parallel()
	modules, kinds := sdxlModules(t)
	found := 0
	for part, forms := range map[string][]func(canonical, original string) string{
		Unet: {
			func(c, _ string) string { return "lora_unet_" + flatten(c) },
			func(_, o string) string { return "lora_unet_" + flatten(o) },
			func(_, o string) string { return "lora_unet__" + flatten(o) },
			func(c, _ string) string { return "lora_unet." + c },
			func(c, _ string) string { return "unet." + c },
			func(c, _ string) string { return "lycoris_" + flatten(c) },
			func(c, _ string) string { return "base_model.model." + c },
			func(_, o string) string { return "diffusion_model." + o },
			func(_, o string) string { return "oft_unet_" + flatten(o) },
			func(c, _ string) string { return c },
		},
		TextEncoder: {
			func(c, _ string) string { return "lora_te1_" + flatten(c) },
			func(c, _ string) string { return "lora_te_" + flatten(c) },
			func(c, _ string) string { return "lora_te1." + c },
			func(c, _ string) string { return "text_encoder." + c },
			func(c, _ string) string { return "text_encoder." + strings.TrimPrefix(c, "text_model.") },
			func(c, _ string) string { return "text_encoders.clip_l.transformer." + c },
			func(c, _ string) string { return "base_model.model." + c },
		},
		TextEncoder2: {
			func(c, _ string) string { return "lora_te2_" + flatten(c) },
			func(c, _ string) string { return "text_encoder_2." + c },
			func(c, _ string) string { return "text_encoders.clip_g.transformer." + c },
		},
	} {
		kind := map[string]string{Unet: "sdxl", TextEncoder: "clip", TextEncoder2: "open_clip"}[part]
		for name, place := range kinds[kind] {
			canonical, isWeight := strings.CutSuffix(name, ".weight")
			if !isWeight {
				continue
			}
			for i, form := range forms {
				written := form(canonical, strings.TrimSuffix(place.Key, ".weight"))
				got, ok := modules.Find(written)
				if want := (Module{part, canonical}); !ok || got != want {
					t.Errorf("form %d, %s: got %v, %v, want %v", i, written, got, ok, want)
				}
				found++
			}
		}
	}
	if found < 10000 {
		t.Errorf("only %d names were looked up", found)
	}
}

// TestModulesFindOlder has the names of diffusers' first LoRAs, and names that mean nothing.
func TestModulesFindOlder(t *testing.T) {
	t.Parallel()
	modules, _ := sdxlModules(t)
	block := "down_blocks.1.attentions.0.transformer_blocks.0.attn1."
	down := "down_blocks.0.downsamplers."
	cross := strings.Replace(block, "attn1", "attn2", 1)
	layer := "text_model.encoder.layers.0.self_attn."
	for key, want := range map[string]Module{
		"unet." + block + "processor.to_q_lora.down.weight":                       {Unet, block + "to_q"},
		"unet." + block + "processor.to_out_lora.up.weight":                       {Unet, block + "to_out.0"},
		block + "processor.to_v_lora.up.weight":                                   {Unet, block + "to_v"},
		"unet." + block + "to_q.lora.down.weight":                                 {Unet, block + "to_q"},
		"unet." + block + "to_out.0.lora.up.weight":                               {Unet, block + "to_out.0"},
		"text_encoder." + layer + "to_q_lora.down.weight":                         {TextEncoder, layer + "q_proj"},
		"text_encoder." + layer + "to_out_lora.up.weight":                         {TextEncoder, layer + "out_proj"},
		"text_encoder_2." + layer + "v_proj.lora_linear_layer.up.weight":          {TextEncoder2, layer + "v_proj"},
		"lora_te2_text_projection.lora_up.weight":                                 {TextEncoder2, "text_projection"},
		"unet." + block + "to_q.lora_magnitude_vector":                            {Unet, block + "to_q"},
		"unet.base_model.model." + block + "to_q.lora_A.default.weight":           {Unet, block + "to_q"},
		"lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.hada_w1_a":    {Unet, cross + "to_k"},
		"lora_unet_output_blocks_2_2_conv.lora_mid.weight":                        {Unet, "up_blocks.0.upsamplers.0.conv"},
		"lora_unet_input_blocks_3_0_op.scale":                                     {Unet, down + "0.conv"},
		"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight":                 {},
		"lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight":           {}, // of another layout
		"lora_te2_text_model_encoder_layers_99_self_attn_q_proj.lora_down.weight": {},
		"../../etc/passwd.lora_down.weight":                                       {},
		"":                                                                        {},
	} {
		module, field := SplitKey(key)
		got, ok := modules.Find(module)
		if got != want || ok != (want != Module{}) || ok && field == "" {
			t.Errorf("%s: got %v with the field %q, want %v", key, got, field, want)
		}
	}
}

func TestSplitKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]Field{
		"a.lora_down.weight": Down, "a.lora_A.weight": Down, "a_lora.down.weight": Down, "a.lora.up.weight": Up,
		"a.lora_B.default.weight": Up, "a.alpha": Alpha, "a.lora_magnitude_vector.weight": Magnitude, "a.diff_b": "diff_b",
		"a.lokr_w2": "lokr_w2", "a.lokr_w2_b": "lokr_w2_b", "a.weight": "weight", "a.something": "", ".alpha": "", "": "",
	} {
		module, field := SplitKey(key)
		if field != want || want != "" && module != "a" {
			t.Errorf("%q: got %q and the field %q, want %q", key, module, field, want)
		}
	}
	for i, e := range endings {
		for _, later := range endings[i+1:] {
			if strings.HasSuffix(later.ending, e.ending) {
				t.Errorf("%s is never found: %s is before it", later.ending, e.ending)
			}
		}
	}
}

func TestPart(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"lora_unet_x": Unet, "lora_te_x": TextEncoder, "lora_te1_x": TextEncoder, "lora_te2_x": TextEncoder2,
		"text_encoder_2.x": TextEncoder2, "text_encoder.x": TextEncoder, "unet.x": Unet, "transformer.x": "", "x": "",
	} {
		if got := Part(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if slices.ContainsFunc(moduleRoots, func(r root) bool { return strings.Contains(r.prefix, ".") }) {
		t.Error("a beginning has a dot, and is compared with flattened names")
	}
}
