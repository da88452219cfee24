package addon

import (
	"context"
	"fmt"
	"testing"

	"darkroom/render/safetensors"
	"darkroom/render/tensor"
	"darkroom/render/weightname"
)

// BenchmarkApply applies an add-on of rank 32 to 70 linear layers of 1280×1280, a tenth of SDXL's UNet.
func BenchmarkApply(b *testing.B) {
	const layers, width, rank = 70, 1280, 32
	m := &Model{Parts: map[string]map[string]Info{weightname.Unet: {}}, Hash: "x"}
	lora, loha := map[string][]int{}, map[string][]int{}
	for i := range layers {
		module := fmt.Sprintf("mid_block.attentions.0.transformer_blocks.%d.attn1.to_q", i)
		m.Parts[weightname.Unet][module+".weight"] = Info{safetensors.F16, []int64{width, width}}
		lora[key(module, "lora_down.weight")], lora[key(module, "lora_up.weight")] = []int{rank, width}, []int{width, rank}
		for _, n := range []string{"1", "2"} {
			loha[key(module, "hada_w"+n+"_a")], loha[key(module, "hada_w"+n+"_b")] = []int{width, rank}, []int{rank, width}
		}
	}
	m.Read = func(string, string) (tensor.Tensor, error) { return tensor.New(width, width), nil }
	for name, shapes := range map[string]map[string][]int{"LoRA": lora, "LoHa": loha} {
		l := loraFile(b, nil, shapes, nil)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := Apply(context.Background(), m, []Use{{LoRA: l, Unet: 1}}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	cache := NewCache(1 << 30)
	l := loraFile(b, nil, loha, nil)
	b.Run("LoHa from the cache", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := Apply(context.Background(), m, []Use{{LoRA: l, Unet: 1}}, cache); err != nil {
				b.Fatal(err)
			}
		}
	})
}
