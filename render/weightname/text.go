package weightname

import (
	"fmt"
	"strings"
)

// The tables follow convert_open_clip_checkpoint in diffusers' loaders/single_file_utils.py.
var (
	openClipTop = []pair{
		{"token_embedding.weight", "text_model.embeddings.token_embedding.weight"},
		{"positional_embedding", "text_model.embeddings.position_embedding.weight"},
		{"ln_final.", "text_model.final_layer_norm."},
	}
	openClipLayer = []pair{
		{"ln_1.", "layer_norm1."},
		{"ln_2.", "layer_norm2."},
		{"mlp.c_fc.", "mlp.fc1."},
		{"mlp.c_proj.", "mlp.fc2."},
		{"attn.out_proj.", "self_attn.out_proj."},
	}
	projections = []string{"q_proj", "k_proj", "v_proj"} // in the order of in_proj's rows
)

// textCanonical lists what the names of transformers' CLIPTextModel begin with, below text_model.
var textCanonical = []string{
	"embeddings.token_embedding.", "embeddings.position_embedding.", "encoder.layers.",
	"final_layer_norm.",
}

// TextCanonical translates a weight of a CLIP text encoder from the names of open_clip or of transformers, with or
// without "text_model.". open_clip keeps the projections of queries, keys and values in one tensor, so one name can
// mean three weights. Empty for a name of neither kind, such as position_ids and logit_scale, which hold nothing that
// is learned for text.
func TextCanonical(name string) map[string]Place {
	if name == "text_projection" || name == "text_projection.weight" {
		return map[string]Place{"text_projection.weight": {Transposed: name == "text_projection"}}
	}
	if inner, ok := replaceOriginal(openClipTop, name); ok {
		return map[string]Place{inner: {}}
	}
	if layer, inner := number(name, "transformer.resblocks."); inner != "" {
		return openClipCanonical(fmt.Sprintf("text_model.encoder.layers.%d.", layer), inner)
	}
	rest := strings.TrimPrefix(name, "text_model.")
	for _, prefix := range textCanonical {
		if strings.HasPrefix(rest, prefix) {
			return map[string]Place{"text_model." + rest: {}}
		}
	}
	return nil
}

func openClipCanonical(prefix, inner string) map[string]Place {
	if kind, ok := strings.CutPrefix(inner, "attn.in_proj_"); ok && (kind == "weight" || kind == "bias") {
		thirds := map[string]Place{}
		for i, p := range projections {
			thirds[prefix+"self_attn."+p+"."+kind] = Place{Third: i + 1}
		}
		return thirds
	}
	if rest, ok := replaceOriginal(openClipLayer, inner); ok {
		return map[string]Place{prefix + rest: {}}
	}
	return nil
}
