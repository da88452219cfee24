package weightname

import (
	"fmt"
	"strings"
)

// The tables follow convert_ldm_vae_checkpoint in diffusers' loaders/single_file_utils.py. The original attention is
// made of 1×1 convolutions and the canonical one of linear layers: the same values under another shape.
var (
	vaeMid = []pair{
		{"mid.block_1.", "mid_block.resnets.0."},
		{"mid.block_2.", "mid_block.resnets.1."},
		{"mid.attn_1.norm.", "mid_block.attentions.0.group_norm."},
		{"mid.attn_1.q.", "mid_block.attentions.0.to_q."},
		{"mid.attn_1.k.", "mid_block.attentions.0.to_k."},
		{"mid.attn_1.v.", "mid_block.attentions.0.to_v."},
		{"mid.attn_1.proj_out.", "mid_block.attentions.0.to_out.0."},
		{"norm_out.", "conv_norm_out."},
	}
	// What canonical names begin with, below encoder and decoder.
	vaeCanonical = []string{"conv_in.", "conv_out.", "conv_norm_out.", "down_blocks.", "mid_block.", "up_blocks."}
	// Older files of diffusers have these names of the attention.
	vaeOld = []pair{
		{"mid_block.attentions.0.query.", "mid_block.attentions.0.to_q."},
		{"mid_block.attentions.0.key.", "mid_block.attentions.0.to_k."},
		{"mid_block.attentions.0.value.", "mid_block.attentions.0.to_v."},
		{"mid_block.attentions.0.proj_attn.", "mid_block.attentions.0.to_out.0."},
	}
)

// vaeLevels counts the resolutions of a VAE by its original names: its decoder counts them backwards.
func vaeLevels(names []string) int {
	levels := 0
	for _, name := range names {
		for _, prefix := range []string{"decoder.up.", "encoder.down."} {
			if level, rest := number(name, prefix); rest != "" {
				levels = max(levels, level+1)
			}
		}
	}
	return levels
}

// VAECanonical translates a weight of a VAE of so many resolutions from the original names. A canonical name stays as
// it is; empty for a name of neither kind.
func VAECanonical(name string, levels int) string {
	if strings.HasPrefix(name, "quant_conv.") || strings.HasPrefix(name, "post_quant_conv.") {
		return name
	}
	side, rest, _ := strings.Cut(name, ".")
	if side != "encoder" && side != "decoder" {
		return ""
	}
	if inner, ok := replaceOriginal(vaeMid, rest); ok {
		return side + "." + inner
	}
	if inner, ok := replaceOriginal(vaeOld, rest); ok {
		return side + "." + inner
	}
	for _, way := range []string{"down", "up"} {
		if level, inner := number(rest, way+"."); inner != "" {
			if way == "up" {
				level = levels - 1 - level
			}
			return vaeLevel(fmt.Sprintf("%s.%s_blocks.%d.", side, way, level), inner)
		}
	}
	for _, prefix := range vaeCanonical {
		if strings.HasPrefix(rest, prefix) {
			return name
		}
	}
	return ""
}

// vaeLevel is the canonical name of what lies in one resolution; empty for what does not.
func vaeLevel(prefix, inner string) string {
	if layer, rest := number(inner, "block."); rest != "" {
		if after, ok := strings.CutPrefix(rest, "nin_shortcut."); ok {
			rest = "conv_shortcut." + after
		}
		return fmt.Sprintf("%sresnets.%d.%s", prefix, layer, rest)
	}
	for _, way := range []string{"downsample", "upsample"} {
		if rest, ok := strings.CutPrefix(inner, way+".conv."); ok {
			return prefix + way + "rs.0.conv." + rest
		}
	}
	return ""
}
