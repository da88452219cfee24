package weightname

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Layout says how the blocks of a UNet are numbered in the original names, which count all layers in one row.
type Layout struct {
	Blocks      int    // on the way down, and as many on the way up
	Layers      int    // residual layers of a block on the way down; a block on the way up has one more
	UpAttention []bool // by block on the way up: it has attentions
}

// LayoutOf finds the layout of a UNet by its names, be they original or canonical. Original ones tell it by the
// downsamplers, which end every block but the last: "input_blocks.3.0.op.weight".
func LayoutOf(names []string) Layout {
	if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "input_blocks.") }) {
		return originalLayout(names)
	}
	return canonicalLayout(names)
}

func originalLayout(names []string) Layout {
	first, downsamplers, last := 0, 0, 0
	outputs := map[int]bool{} // have attention
	for _, name := range names {
		at, rest := number(name, "input_blocks.")
		last = max(last, at)
		if rest == "0.op.weight" {
			downsamplers++
			if first == 0 || at < first {
				first = at
			}
		}
		if at, rest := number(name, "output_blocks."); strings.HasPrefix(rest, "1.transformer_blocks.") {
			outputs[at] = true
		}
	}
	l := Layout{Blocks: downsamplers + 1, Layers: last}
	if first > 0 {
		l.Layers = first - 1
	}
	l.UpAttention = make([]bool, l.Blocks)
	for at := range outputs {
		if block := at / (l.Layers + 1); block < l.Blocks {
			l.UpAttention[block] = true
		}
	}
	return l
}

func canonicalLayout(names []string) Layout {
	var l Layout
	up := map[int]bool{}
	for _, name := range names {
		if block, rest := number(name, "down_blocks."); rest != "" {
			l.Blocks = max(l.Blocks, block+1)
			if layer, inner := number(rest, "resnets."); inner != "" {
				l.Layers = max(l.Layers, layer+1)
			}
		}
		if block, rest := number(name, "up_blocks."); strings.HasPrefix(rest, "attentions.") {
			up[block] = true
		}
	}
	l.UpAttention = make([]bool, l.Blocks)
	for block := range l.UpAttention {
		l.UpAttention[block] = up[block]
	}
	return l
}

// number reads a name that begins with prefix, a number and a dot. rest is what follows, empty where it does not begin
// so.
func number(name, prefix string) (n int, rest string) {
	after, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, ""
	}
	digits, rest, _ := strings.Cut(after, ".")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > maxIndex || strconv.Itoa(n) != digits {
		return 0, ""
	}
	return n, rest
}

// maxIndex bounds the numbers in names: no network has more blocks or layers.
const maxIndex = 999

// pair is an original beginning and the canonical one.
type pair struct{ original, canonical string }

// replaceCanonical replaces the beginning p.canonical of a name.
func replaceCanonical(pairs []pair, name string) (string, bool) {
	for _, p := range pairs {
		if rest, ok := strings.CutPrefix(name, p.canonical); ok {
			return p.original + rest, true
		}
	}
	return "", false
}

// replaceOriginal replaces the beginning p.original of a name.
func replaceOriginal(pairs []pair, name string) (string, bool) {
	for _, p := range pairs {
		if rest, ok := strings.CutPrefix(name, p.original); ok {
			return p.canonical + rest, true
		}
	}
	return "", false
}

// The tables follow convert_ldm_unet_checkpoint in diffusers' loaders/single_file_utils.py.
var (
	unetTop = []pair{
		{"input_blocks.0.0.", "conv_in."},
		{"time_embed.0.", "time_embedding.linear_1."},
		{"time_embed.2.", "time_embedding.linear_2."},
		{"label_emb.0.0.", "add_embedding.linear_1."},
		{"label_emb.0.2.", "add_embedding.linear_2."},
		{"out.0.", "conv_norm_out."},
		{"out.2.", "conv_out."},
		{"middle_block.1.", "mid_block.attentions.0."},
	}
	unetResnet = []pair{
		{"in_layers.0.", "norm1."},
		{"in_layers.2.", "conv1."},
		{"emb_layers.1.", "time_emb_proj."},
		{"out_layers.0.", "norm2."},
		{"out_layers.3.", "conv2."},
		{"skip_connection.", "conv_shortcut."},
	}
	// What canonical names of a UNet begin with.
	unetCanonical = []string{
		"conv_in.", "time_embedding.", "add_embedding.", "conv_norm_out.", "conv_out.", "down_blocks.", "mid_block.",
		"up_blocks.",
	}
)

// UnetCanonical translates a UNet's weight or module from the original names. A canonical name stays as it is; empty
// for a name of neither kind.
func (l Layout) UnetCanonical(name string) string {
	if canonical(name) {
		return name
	}
	whole := name + "." // so that a module's own name has the beginnings of its weights
	if out, ok := replaceOriginal(unetTop, whole); ok {
		return strings.TrimSuffix(out, ".")
	}
	return strings.TrimSuffix(l.blockCanonical(whole), ".")
}

func canonical(name string) bool {
	for _, prefix := range unetCanonical {
		if strings.HasPrefix(name+".", prefix) {
			return true
		}
	}
	return false
}

func (l Layout) blockCanonical(name string) string {
	if at, rest := number(name, "middle_block."); rest != "" && at != 1 {
		return resnet(fmt.Sprintf("mid_block.resnets.%d.", at/2), rest)
	}
	if at, rest := number(name, "input_blocks."); at > 0 {
		block, layer := (at-1)/(l.Layers+1), (at-1)%(l.Layers+1)
		if inner, ok := strings.CutPrefix(rest, "0.op."); ok && layer == l.Layers {
			return fmt.Sprintf("down_blocks.%d.downsamplers.0.conv.%s", block, inner)
		}
		return layerName("down_blocks", block, layer, rest)
	}
	if at, rest := number(name, "output_blocks."); rest != "" {
		block, layer := at/(l.Layers+1), at%(l.Layers+1)
		for _, place := range []string{"1.conv.", "2.conv."} {
			if inner, ok := strings.CutPrefix(rest, place); ok && layer == l.Layers {
				return fmt.Sprintf("up_blocks.%d.upsamplers.0.conv.%s", block, inner)
			}
		}
		return layerName("up_blocks", block, layer, rest)
	}
	return ""
}

// layerName is the canonical name of a layer's resnet ("0.…") or attention ("1.…"); empty for anything else.
func layerName(way string, block, layer int, rest string) string {
	place, inner, _ := strings.Cut(rest, ".")
	switch place {
	case "0":
		return resnet(fmt.Sprintf("%s.%d.resnets.%d.", way, block, layer), inner)
	case "1":
		return fmt.Sprintf("%s.%d.attentions.%d.%s", way, block, layer, inner)
	default:
		return ""
	}
}

// resnet is the canonical name of what lies in a residual layer; empty for what does not.
func resnet(prefix, inner string) string {
	if inner == "" {
		return prefix
	}
	if name, ok := replaceOriginal(unetResnet, inner); ok {
		return prefix + name
	}
	return ""
}

// UnetOriginal translates a canonical name of a UNet's weight or module into the original names; empty for one that
// they have no place for.
func (l Layout) UnetOriginal(name string) string {
	whole := name + "."
	if out, ok := replaceCanonical(unetTop, whole); ok {
		return strings.TrimSuffix(out, ".")
	}
	return strings.TrimSuffix(l.blockOriginal(whole), ".")
}

func (l Layout) blockOriginal(name string) string {
	if layer, inner := number(name, "mid_block.resnets."); inner != "" {
		return resnetOriginal(fmt.Sprintf("middle_block.%d.", 2*layer), inner)
	}
	down, rest := number(name, "down_blocks.")
	if inner, ok := strings.CutPrefix(rest, "downsamplers.0.conv."); ok {
		return fmt.Sprintf("input_blocks.%d.0.op.%s", (down+1)*(l.Layers+1), inner)
	}
	if rest != "" {
		return layerOriginal("input_blocks", 1+down*(l.Layers+1), rest)
	}
	up, rest := number(name, "up_blocks.")
	if inner, ok := strings.CutPrefix(rest, "upsamplers.0.conv."); ok {
		place := 1
		if up < len(l.UpAttention) && l.UpAttention[up] {
			place = 2
		}
		return fmt.Sprintf("output_blocks.%d.%d.conv.%s", up*(l.Layers+1)+l.Layers, place, inner)
	}
	return layerOriginal("output_blocks", up*(l.Layers+1), rest)
}

func layerOriginal(way string, first int, rest string) string {
	if layer, inner := number(rest, "resnets."); inner != "" {
		return resnetOriginal(fmt.Sprintf("%s.%d.0.", way, first+layer), inner)
	}
	if layer, inner := number(rest, "attentions."); inner != "" {
		return fmt.Sprintf("%s.%d.1.%s", way, first+layer, inner)
	}
	return ""
}

func resnetOriginal(prefix, inner string) string {
	if name, ok := replaceCanonical(unetResnet, inner); ok {
		return prefix + name
	}
	return ""
}
