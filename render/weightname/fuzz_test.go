package weightname

import (
	"strings"
	"testing"
)

// FuzzNames reads keys of add-ons and of models in any form: nothing panics, and a module that is found is there.
func FuzzNames(f *testing.F) {
	f.Add("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight")
	f.Add("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight")
	f.Add("lora_te1_text_model_encoder_layers_0_self_attn_q_proj.alpha")
	f.Add("oft_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.oft_blocks")
	f.Add("base_model.model.text_model.encoder.layers.0.mlp.fc1.lora_A.default.weight")
	f.Add("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight\n" +
		"model.diffusion_model.output_blocks.2.1.conv.weight\nfirst_stage_model.encoder.down.0.block.0.conv1.weight\n" +
		"conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj_weight")
	weights := map[string][]string{
		Unet: {
			"down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight", "conv_in.weight",
			"down_blocks.0.resnets.0.conv1.weight", "mid_block.attentions.0.proj_in.weight",
		},
		TextEncoder: {"text_model.encoder.layers.0.self_attn.q_proj.weight", "text_model.encoder.layers.0.mlp.fc1.weight"},
	}
	modules := NewModules(weights)
	f.Fuzz(func(t *testing.T, text string) {
		keys := strings.Split(text, "\n")
		for _, key := range keys {
			module, field := SplitKey(key)
			if field == "" && module != key || len(module) > len(key) {
				t.Errorf("%q became %q and %q", key, module, field)
			}
			if found, ok := modules.Find(module); ok && !hasWeight(weights[found.Part], found.Name) {
				t.Errorf("%q is %v, which is not there", key, found)
			}
			Part(module)
		}
		read := Read(keys)
		for part, places := range read.Parts {
			for name, place := range places {
				if !strings.Contains(text, place.Key) || name == "" {
					t.Errorf("%s: %q is at %q", part, name, place.Key)
				}
			}
		}
		for _, part := range []string{Unet, VAE, TextEncoder, TextEncoder2} {
			ReadPart(part, keys)
		}
		layout := LayoutOf(keys)
		for _, key := range keys {
			layout.UnetOriginal(layout.UnetCanonical(key))
		}
	})
}

func hasWeight(names []string, module string) bool {
	for _, name := range names {
		if strings.HasPrefix(name, module+".") {
			return true
		}
	}
	return false
}
