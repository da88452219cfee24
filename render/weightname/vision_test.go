package weightname

import (
	"maps"
	"slices"
	"testing"
)

func TestVisionCanonical(t *testing.T) {
	t.Parallel()
	one := func(name string) map[string]Place { return map[string]Place{name: {}} }
	for name, want := range map[string]map[string]Place{
		"visual.class_embedding":                          one("vision_model.embeddings.class_embedding"),
		"visual.conv1.weight":                             one("vision_model.embeddings.patch_embedding.weight"),
		"visual.positional_embedding":                     one("vision_model.embeddings.position_embedding.weight"),
		"visual.ln_pre.weight":                            one("vision_model.pre_layrnorm.weight"),
		"visual.ln_post.bias":                             one("vision_model.post_layernorm.bias"),
		"visual.proj":                                     {"visual_projection.weight": {Transposed: true}},
		"visual_projection.weight":                        one("visual_projection.weight"),
		"vision_model.pre_layrnorm.weight":                one("vision_model.pre_layrnorm.weight"),
		"embeddings.patch_embedding.weight":               one("vision_model.embeddings.patch_embedding.weight"),
		"visual.transformer.resblocks.11.mlp.c_fc.weight": one("vision_model.encoder.layers.11.mlp.fc1.weight"),
		"visual.transformer.resblocks.2.attn.in_proj_bias": {
			"vision_model.encoder.layers.2.self_attn.q_proj.bias": {Third: 1},
			"vision_model.encoder.layers.2.self_attn.k_proj.bias": {Third: 2},
			"vision_model.encoder.layers.2.self_attn.v_proj.bias": {Third: 3},
		},
		"vision_model.embeddings.position_ids": nil,
		"visual.trunk.blocks.0.attn.qkv.bias":  nil,
		"visual.attnpool.q_proj.weight":        nil,
		"logit_scale":                          nil,
	} {
		if got := VisionCanonical(name); !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// TestReadCLIP: the two encoders of a file are told apart, though open_clip calls much of both alike.
func TestReadCLIP(t *testing.T) {
	t.Parallel()
	const (
		image  = "vision_model.encoder.layers.0.layer_norm1.weight"
		text   = "text_model.encoder.layers.0.layer_norm1.weight"
		theirs = "transformer.resblocks.0.ln_1.weight"
	)
	for name, keys := range map[string][]string{
		"transformers":              {image, text},
		"open_clip":                 {"visual." + theirs, theirs},
		"open_clip, built of parts": {"visual." + theirs, "text." + theirs},
	} {
		f := ReadCLIP(append(keys, "logit_scale", "visual.head.weight"))
		for i, part := range []string{ImageEncoder, TextEncoder} {
			want := map[string]Place{[]string{image, text}[i]: {Key: keys[i]}}
			if got := f.Parts[part]; !maps.Equal(got, want) {
				t.Errorf("%s, %s: got %v, want %v", name, part, got, want)
			}
		}
		if want := []string{"logit_scale", "visual.head.weight"}; !slices.Equal(f.Unknown, want) {
			t.Errorf("%s: unknown keys: got %q, want %q", name, f.Unknown, want)
		}
	}
}
