package inventory

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"darkroom/render/safetensors"
)

// signs tell what a file of tensors is by its keys, in this order: a checkpoint may hold an embedding, and a LoRA too.
var signs = []struct {
	kind Kind
	keys *regexp.Regexp
}{
	{LoRA, regexp.MustCompile(`^(lora_(unet|te\d?|prior)|oft_unet)_|\.(lora_(down|up|mid|A|B)\b|hada_w1|lokr_w[12]|` +
		`oft_(blocks|diag|R)|ia3_l|dora_scale|diff(_b)?$|on_input$)|lora_linear_layer|\.(a1|b1|w_norm)(\.weight)?$`)},
	{Checkpoint, regexp.MustCompile(`^(model\.diffusion_model|cond_stage_model|conditioner\.embedders|denoiser|unet)\.|` +
		`^(down_blocks|double_blocks|joint_blocks|input_blocks)\.`)},
	{VAE, regexp.MustCompile(`^(first_stage_model\.|vae\.)?(encoder|decoder)\.` +
		`(conv_in|up|down|up_blocks|down_blocks|mid_block)\.`)},
	{Hypernetwork, regexp.MustCompile(`^\d+\.[01]\.linear`)},
	{Embedding, regexp.MustCompile(`^(emb_params|clip_[lg]|string_to_param\..*|<.*>)$`)},
	{Upscaler, regexp.MustCompile(`^(params(_ema)?\.)?(conv_first\.|body\.\d|model\.\d+\.|layers\.\d|upsampler\.)`)},
}

// maxEmbeddingRows is how many rows a lone matrix may have to be taken for a textual inversion.
const maxEmbeddingRows = 256

// Recognise tells what a file is by its content, for people who downloaded it. The error says why it cannot be used.
func Recognise(path string) (Kind, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".safetensors":
	case ".png":
		return Embedding, nil
	case ".onnx":
		return Upscaler, nil
	case ".pt", ".bin":
		return "", fmt.Errorf("%s: say with --as whether it is an embedding or a hypernet; anything else is %s", path, pickle)
	default:
		if _, why := judge(Checkpoint, ext); why != "" {
			return "", fmt.Errorf("%s: %s", path, why)
		}
		return "", fmt.Errorf("%s: no file of a model or an add-on", path)
	}
	f, err := safetensors.Open(path)
	if err != nil {
		return "", err
	}
	names := f.Names()
	for _, sign := range signs {
		if slices.ContainsFunc(names, sign.keys.MatchString) {
			return sign.kind, nil
		}
	}
	if len(names) == 0 {
		return "", fmt.Errorf("%s: it holds no tensors", path)
	}
	if shape := f.Tensors[names[0]].Shape; len(names) == 1 && len(shape) == 2 && shape[0] <= maxEmbeddingRows {
		return Embedding, nil
	}
	return "", fmt.Errorf("%s: none of its %d tensors is known (the first is %s); say with --as what it is",
		path, len(names), safetensors.Quote(names[0]))
}
