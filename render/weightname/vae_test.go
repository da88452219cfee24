package weightname

import (
	"fmt"
	"strings"
)

// vaeOriginal translates a canonical name of a weight of a VAE of so many resolutions into the original names; empty
// for one that they have no place for.
func vaeOriginal(name string, levels int) string {
	if strings.HasPrefix(name, "quant_conv.") || strings.HasPrefix(name, "post_quant_conv.") {
		return name
	}
	side, rest, _ := strings.Cut(name, ".")
	if inner, ok := replaceCanonical(vaeMid, rest); ok {
		return side + "." + inner
	}
	for _, way := range []string{"down", "up"} {
		level, inner := number(rest, way+"_blocks.")
		if inner == "" {
			continue
		}
		if way == "up" {
			level = levels - 1 - level
		}
		if layer, after := number(inner, "resnets."); after != "" {
			if tail, ok := strings.CutPrefix(after, "conv_shortcut."); ok {
				after = "nin_shortcut." + tail
			}
			return fmt.Sprintf("%s.%s.%d.block.%d.%s", side, way, level, layer, after)
		}
		if tail, ok := strings.CutPrefix(inner, way+"samplers.0."); ok {
			return fmt.Sprintf("%s.%s.%d.%ssample.%s", side, way, level, way, tail)
		}
	}
	if strings.HasPrefix(rest, "conv_in.") || strings.HasPrefix(rest, "conv_out.") {
		return name
	}
	return ""
}
