package addon

import (
	"context"
	"strings"
	"testing"

	"darkroom/render/safetensors/safetensorstest"
)

// FuzzLoRA reads and applies files with any keys and shapes: what does not fit is refused in one short line.
func FuzzLoRA(f *testing.F) {
	const query = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
	for _, lines := range []string{
		"F32 2,12 @.lora_down.weight\nF32 12,2 @.lora_up.weight\nF32  @.alpha\n",
		"F32 2,12 unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight\n" +
			"F32 12,2 unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_B.weight\n" +
			`# lora_adapter_metadata {"unet.r":2,"unet.lora_alpha":1,"unet.use_rslora":true}` + "\n",
		"F16 12,2 @.hada_w1_a\nF16 2,12 @.hada_w1_b\nF16 12,2 @.hada_w2_a\nF16 2,12 @.hada_w2_b\n",
		"F32 4,2 @.lokr_w1\nF32 3,2 @.lokr_w2_a\nF32 2,6 @.lokr_w2_b\nF32 12,1 @.dora_scale\n",
		"F32 3,4,4 @.oft_blocks\nF32 12,1 @.rescale\nF32 1 @.alpha\n",
		"F32 3,6 unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.oft_R.weight\n" +
			`# lora_adapter_metadata {"unet.coft":true,"unet.eps":1}` + "\n",
		"F32 12,1 unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.ia3_l\n",
		"F32 12 @.weight\nU8 1 @.on_input\nF32 12,12 @.diff\nF32 16,12,3,3 lora_unet_down_blocks_0_resnets_0_conv1.diff\n",
		"F32 1,8 bundle_emb.kite.string_to_param.*\nF32 16 lora_unet_down_blocks_0_resnets_0_conv1.diff_b\n",
	} {
		f.Add(strings.ReplaceAll(lines, "@", query))
	}
	m := readGolden(f).model(4)
	f.Fuzz(func(t *testing.T, lines string) {
		path, ok := safetensorstest.Write(t, lines, 1<<24)
		if !ok || strings.Count(lines, "\n") > 40 {
			return
		}
		short := func(err error) {
			if err != nil && (len(err.Error()) > 1000 || strings.Contains(err.Error(), "\n")) {
				t.Errorf("got %.2000q, want one short line", err)
			}
		}
		l, err := OpenLoRA(path, "ink", "hash")
		if short(err); err != nil {
			return
		}
		l.Families()
		_, err = l.Embeddings()
		short(err)
		_, notes, err := Apply(context.Background(), m, []Use{{LoRA: l, Unet: 0.5, Text: 1, Ranks: 1}}, nil)
		short(err)
		for _, note := range notes {
			if len(note) > 1000 {
				t.Errorf("a note of %d bytes", len(note))
			}
		}
		_, err = Read("lora", path)
		short(err)
	})
}
