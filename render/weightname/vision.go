package weightname

import (
	"fmt"
	"slices"
	"strings"
)

// The table names what transformers' convert_clip_original_pytorch_to_hf.py copies of OpenAI's image encoder.
var openClipVision = []pair{
	{"class_embedding", "vision_model.embeddings.class_embedding"},
	{"conv1.weight", "vision_model.embeddings.patch_embedding.weight"},
	{"positional_embedding", "vision_model.embeddings.position_embedding.weight"},
	{"ln_pre.", "vision_model.pre_layrnorm."}, // transformers' own spelling
	{"ln_post.", "vision_model.post_layernorm."},
}

// visionCanonical lists what the names of transformers' CLIPVisionModel begin with, below vision_model.
var visionCanonical = []string{
	"embeddings.class_embedding", "embeddings.patch_embedding.", "embeddings.position_embedding.", "pre_layrnorm.",
	"encoder.layers.", "post_layernorm.",
}

// VisionCanonical translates a weight of a CLIP image encoder from the names of open_clip and OpenAI, which begin with
// "visual.", or of transformers. One name can mean three weights, as in TextCanonical. Empty for other names.
func VisionCanonical(name string) map[string]Place {
	if name == "visual_projection.weight" {
		return map[string]Place{name: {}}
	}
	if inner, ok := strings.CutPrefix(name, "visual."); ok {
		return openClipVisionCanonical(inner)
	}
	rest := strings.TrimPrefix(name, "vision_model.")
	for _, prefix := range visionCanonical {
		if strings.HasPrefix(rest, prefix) {
			return map[string]Place{"vision_model." + rest: {}}
		}
	}
	return nil
}

func openClipVisionCanonical(name string) map[string]Place {
	if name == "proj" {
		return map[string]Place{"visual_projection.weight": {Transposed: true}}
	}
	if inner, ok := replaceOriginal(openClipVision, name); ok {
		return map[string]Place{inner: {}}
	}
	if layer, inner := number(name, "transformer.resblocks."); inner != "" {
		return openClipCanonical(fmt.Sprintf("vision_model.encoder.layers.%d.", layer), inner)
	}
	return nil
}

// ReadCLIP translates the keys of a file with a whole CLIP: an image encoder and a text encoder. open_clip writes
// "text." before the names of the second where a model was built of its parts.
func ReadCLIP(keys []string) File {
	f := File{Parts: map[string]map[string]Place{}}
	var image, text, bare []string
	for _, key := range keys {
		switch {
		case strings.HasPrefix(key, "vision_model.") || strings.HasPrefix(key, "visual"):
			image = append(image, key)
		case strings.HasPrefix(key, "text."):
			text = append(text, key)
		default:
			bare = append(bare, key)
		}
	}
	f.add(root{part: ImageEncoder}, image)
	f.add(root{"text.", TextEncoder}, text)
	f.add(root{part: TextEncoder}, bare)
	slices.Sort(f.Unknown)
	return f
}
