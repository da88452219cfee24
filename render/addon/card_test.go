package addon

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"darkroom/render/addon/addontest"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// TestReadDemo reads the demo's add-ons.
func TestReadDemo(t *testing.T) {
	t.Parallel()
	for kind, file := range map[string]string{
		picture.LoRA: "lora/stained-glass.safetensors", picture.Embedding: "embeddings/kite.safetensors",
		picture.Hypernet: "hypernetworks/sepia.safetensors",
	} {
		path := filepath.Join("..", "demo", "addons", file)
		card, err := Read(kind, path)
		name := strings.TrimSuffix(filepath.Base(file), ".safetensors")
		want := request.AddonCard{Kind: kind, Name: name, TextWidths: []int{128}}
		if err != nil || !reflect.DeepEqual(card, want) {
			t.Errorf("%s: got %+v, %v, want %+v", file, card, err, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	shapes := map[string][]int{key(query, "lora_down.weight"): {2, 12}, key(query, "lora_up.weight"): {12, 2}}
	for name, c := range map[string]struct {
		metadata map[string]string
		want     request.AddonCard
	}{
		"nothing": {nil, request.AddonCard{}},
		"kohya": {
			map[string]string{
				"ss_output_name": "Ink Wash", "ss_base_model_version": "sd_v1", "sshs_model_hash": "0123456789abcdef",
				"ss_tag_frequency": `{"10_inkwash": {"ink": 40, "1girl": 12, " river": 40}, "5_other": {"1girl": 40}}`,
			},
			request.AddonCard{
				Alias: "Ink Wash", Families: []string{"Stable Diffusion 1"}, Short: "0123456789ab",
				Triggers: []string{"1girl", "ink", "river"},
			},
		},
		"folders": {
			map[string]string{"ss_tag_frequency": `{"10_sks dog": {}, "plain": {}}`, "ss_base_model_version": "sdxl_base_v1-0"},
			request.AddonCard{Families: []string{"SDXL"}, Triggers: []string{"sks dog"}},
		},
		"modelspec": {
			map[string]string{
				"modelspec.trigger_phrase": "ink wash, river\x07\n boat",
				"modelspec.architecture":   "stable-diffusion-v2-768-v/lora",
				"ss_output_name":           "ink", "ss_tag_frequency": `[1]`, "sshs_model_hash": "../../etc/passwd",
			},
			request.AddonCard{Families: []string{"Stable Diffusion 2"}, Triggers: []string{"ink wash", "river·· boat"}},
		},
		"too much": {
			map[string]string{
				"ss_output_name": strings.Repeat("x", 61),
				"ss_tag_frequency": `{"a": {"a":9,"b":8,"c":7,"d":6,"e":5,"f":4,"g":3,"h":2,"i":1,"` + strings.Repeat("y",
					61) + `":10}}`,
			},
			request.AddonCard{Triggers: strings.Split("abcdefgh", "")},
		},
	} {
		var got request.AddonCard
		loraFile(t, c.metadata, shapes, nil).describe(&got)
		if got.Alias == "ink" { // the helper's file is called so, the card here is not
			got.Alias = ""
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	cross := "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
	for name, c := range map[string]struct {
		shapes map[string][]int
		want   []string
	}{
		"SD 1": {map[string][]int{key(cross, "lora_down.weight"): {2, 768}}, []string{"Stable Diffusion 1"}},
		"SD 2": {map[string][]int{key(cross, "lora_down.weight"): {2, 1024}}, []string{"Stable Diffusion 2"}},
		"SDXL": {map[string][]int{key(cross, "lora_down.weight"): {2, 2048}}, []string{"SDXL"}},
		"SDXL in sgm": {map[string][]int{"lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight": {2,
			2048}}, []string{"SDXL"}},
		"PEFT": {map[string][]int{"unet." + cross + ".lora_A.weight": {2, 2048}}, []string{"SDXL"}},
		"old diffusers": {
			map[string][]int{"down_blocks.1.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight": {2, 768}},
			[]string{"Stable Diffusion 1"},
		},
		"LoHa": {map[string][]int{key(cross, "hada_w1_b"): {2, 2048}}, []string{"SDXL"}},
		"LoKr": {map[string][]int{key(cross, "lokr_w1"): {4, 16}, key(cross, "lokr_w2_b"): {2, 128}}, []string{"SDXL"}},
		"full": {map[string][]int{key(cross, "diff"): {2, 1024}}, []string{"Stable Diffusion 2"}},
		"demo": {map[string][]int{key(cross, "lora_down.weight"): {2, 128}}, nil},
		"text 1": {map[string][]int{"lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight": {1, 768}},
			[]string{"Stable Diffusion 1"}},
		"text 2": {map[string][]int{"lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight": {1, 1024}},
			[]string{"Stable Diffusion 2"}},
		"text XL": {map[string][]int{"lora_te1_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight": {1, 768}},
			[]string{"SDXL"}},
		"both": {map[string][]int{"lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": {1, 1280}},
			[]string{"SDXL"}},
		"either": {
			map[string][]int{"text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight": {1, 768}},
			[]string{"Stable Diffusion 1", "SDXL"},
		},
		"Flux": {map[string][]int{"transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight": {1, 1}},
			[]string{"Flux"}},
		"SD 3": {map[string][]int{"lora_unet_joint_blocks_0_x_block_attn_qkv.lora_down.weight": {1, 1}},
			[]string{"Stable Diffusion 3"}},
		"others": {map[string][]int{"diffusion_model.layers.0.attention.qkv.lora_A.weight": {1, 1}},
			[]string{"a newer model with a transformer"}},
	} {
		if got := loraFile(t, nil, c.shapes, nil).Families(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestReadRefuses has files that are no add-ons.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	plain := func(name string) string {
		path := filepath.Join(t.TempDir(), name)
		addontest.WriteFile(t, path, nil, map[string]addontest.Entry{
			"model.diffusion_model.conv_in.weight": {DType: "F32", Shape: []int{1}, Data: make([]byte, 4)},
			"v_pred":                               {DType: "F32", Shape: []int{0}},
		})
		return path
	}
	for name, c := range map[string]struct{ kind, path, want string }{
		"a pickle": {picture.LoRA, addontest.Save(t, "ink.pt", []byte("PK")),
			"“ink” is a .pt file (pickle), which may run code"},
		"another format":  {picture.LoRA, addontest.Save(t, "ink.gguf", []byte("GGUF")), "“ink” is no .safetensors file"},
		"a broken file":   {picture.LoRA, addontest.Save(t, "ink.safetensors", []byte("x")), "no safetensors file"},
		"a checkpoint":    {picture.LoRA, plain("model.safetensors"), "“model” is no LoRA: none of its 2 tensors"},
		"no embedding":    {picture.Embedding, plain("x.safetensors"), "“x” is no embedding: 2 tensors"},
		"no hypernetwork": {picture.Hypernet, plain("x.safetensors"), "“x” is no hypernetwork"},
		"another kind":    {picture.VAE, plain("x.safetensors"), `the kind "vae"`},
		"a missing file":  {picture.LoRA, filepath.Join(t.TempDir(), "gone.safetensors"), "no such file"},
	} {
		if card, err := Read(c.kind, c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %+v, %v, want an error with %q", name, card, err, c.want)
		}
	}
}

// TestEmbeddings reads what a LoRA carries besides.
func TestEmbeddings(t *testing.T) {
	t.Parallel()
	l := loraFile(t, nil, map[string][]int{
		"bundle_emb.kite.string_to_param.*": {3, 768}, "bundle_emb.red.clip_l": {1, 768}, "bundle_emb.red.clip_g": {1, 1280},
	}, nil)
	got, err := l.Embeddings()
	if err != nil || got["kite"].Vectors() != 3 || len(got["red"].Rows) != 2 || len(got) != 2 {
		t.Errorf("got %v, %v, want kite of 3 vectors and red of both encoders", got, err)
	}
	if l := loraFile(t, nil, map[string][]int{"bundle_emb.kite.a": {99, 3}}, nil); len(l.bundledKeys()) != 1 {
		t.Error("a bundled embedding is not found")
	} else if _, err := l.Embeddings(); err == nil || !strings.Contains(err.Error(), "“kite” cannot be read") {
		t.Errorf("too many vectors: got %v", err)
	}
}
