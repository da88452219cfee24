package checkpoint_test

import (
	"strings"
	"testing"

	"darkroom/render/checkpoint"
	"darkroom/render/checkpoint/network"
	"darkroom/render/folder"
	"darkroom/render/safetensors/safetensorstest"
)

// FuzzOpen opens files with any keys and shapes: what is no model is refused in one short line.
func FuzzOpen(f *testing.F) {
	f.Add("F16 320,4,3,3 model.diffusion_model.input_blocks.0.0.weight\n" +
		"F16 320 model.diffusion_model.input_blocks.0.0.bias\n")
	f.Add("F32 8,8 model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight\n" +
		"F32 8,8,1,1 model.diffusion_model.input_blocks.1.1.proj_in.weight\n" +
		"F32 8,8 cond_stage_model.transformer.text_model.encoder.layers.0.self_attn.q_proj.weight\n" +
		"F32 8,4,3,3 first_stage_model.encoder.conv_in.weight\n")
	f.Add("F16 8,1280 unet.add_embedding.linear_1.weight\n" +
		"F16 24,8 conditioner.embedders.0.model.transformer.resblocks.0.attn.in_proj_weight\n")
	f.Add("F16 1 v_pred\nF16 1 ztsnr\nF32 4,4 lora_unet_x.lora_up.weight\nF8_E4M3 4 x.scale_weight\n# a b\n")
	f.Add("F32 8 vision_model.embeddings.class_embedding\nF32 8,3,4,4 vision_model.embeddings.patch_embedding.weight\n" +
		"F32 5,8 vision_model.embeddings.position_embedding.weight\nF32 4,8 visual_projection.weight\n" +
		"F32 2,4 concept_embeds\nF32 2 concept_embeds_weights\n")
	f.Fuzz(func(t *testing.T, lines string) {
		path, ok := safetensorstest.Write(t, lines, 1<<36)
		if !ok {
			return
		}
		for _, open := range []func() error{
			func() error { _, err := checkpoint.Open(path, folder.Unhashed()); return err },
			func() error { _, err := checkpoint.OpenVAE(path); return err },
			func() error {
				_, err := checkpoint.OpenSafetyChecker([]string{path}, network.VisionShape{})
				return err
			},
		} {
			if err := open(); err != nil && (len(err.Error()) > 1000 || strings.Contains(err.Error(), "\n")) {
				t.Errorf("got %.2000q, want one short line", err)
			}
		}
	})
}
