package weightname

import (
	"fmt"
	"strings"
)

// textOpenClip translates a canonical name of a text encoder's weight into open_clip's; its key is empty for a name
// that open_clip has no place for.
func textOpenClip(name string) Place {
	if name == "text_projection.weight" {
		return Place{Key: "text_projection", Transposed: true}
	}
	if key, ok := replaceCanonical(openClipTop, name); ok {
		return Place{Key: key}
	}
	layer, inner := number(name, "text_model.encoder.layers.")
	if inner == "" {
		return Place{}
	}
	prefix := fmt.Sprintf("transformer.resblocks.%d.", layer)
	for i, p := range projections {
		if kind, ok := strings.CutPrefix(inner, "self_attn."+p+"."); ok {
			return Place{Key: prefix + "attn.in_proj_" + kind, Third: i + 1}
		}
	}
	if rest, ok := replaceCanonical(openClipLayer, inner); ok {
		return Place{Key: prefix + rest}
	}
	return Place{}
}
