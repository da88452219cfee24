package checkpoint

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"darkroom/render/checkpoint/network"
	"darkroom/render/folder"
	"darkroom/render/mapped"
	"darkroom/render/onnx/graph"
	"darkroom/render/safetensors"
	"darkroom/render/weightname"
)

// contents are the weights of a model's files, by part and canonical name.
type contents struct {
	path     string
	files    []*safetensors.File
	parts    map[string]network.Weights
	metadata map[string]string
	// SDXL's v-prediction is told by empty tensors of these names.
	velocity, zeroSNR bool
	// openCLIP says that the first text encoder has open_clip's names. Stable Diffusion 2 reads its last layer but one;
	// files in diffusers' names leave the last one out.
	openCLIP bool
	unknown  int  // keys that no weight is known for
	folder   bool // it is a folder of diffusers
	own      ownCard
	offered  folder.VAEs
	vae      *folder.VAEFile // of another file, nil for its own
	byVAEs   bool            // what is offered decides on it
	notes    []string
}

// read translates the keys of the first file, which holds all parts.
func (c *contents) read() error {
	file := c.files[0]
	c.metadata = file.Metadata
	_, c.velocity = file.Tensors["v_pred"]
	_, c.zeroSNR = file.Tensors["ztsnr"]
	names := weightname.Read(file.Names())
	if err := refuseContents(file, names); err != nil {
		return err
	}
	c.unknown = c.countUnknown(names.Unknown)
	return c.take(file, names)
}

// countUnknown counts the keys that may be weights.
func (c *contents) countUnknown(keys []string) (n int) {
	for _, key := range keys {
		if !unused.MatchString(key) {
			n++
		}
	}
	return n
}

// unused matches what checkpoints carry besides weights: averages and tables of training, and markers.
var unused = regexp.MustCompile(`^model_ema\.|^alphas_|^betas$|^sqrt_|^log_one_minus|^posterior_|^(model\.)?logvar|` +
	`^first_stage_model\.loss\.|position_ids$|logit_scale$|^v_pred$|^ztsnr$|^denoiser\.|^model_dtype$|^global_step$`)

// take notes the weights of a file.
func (c *contents) take(file *safetensors.File, names weightname.File) error {
	if c.parts == nil {
		c.parts = map[string]network.Weights{}
	}
	for part, places := range names.Parts {
		weights := c.parts[part]
		if weights == nil {
			weights = network.Weights{}
		}
		for name, place := range places {
			w, ok, err := weightAt(file, place)
			if err != nil {
				return fmt.Errorf("%s: %w", place.Key, err)
			}
			if ok {
				weights[name] = w
			}
			c.openCLIP = c.openCLIP || part == weightname.TextEncoder && place.Third > 0
		}
		c.parts[part] = weights
	}
	return nil
}

// maxSide bounds the dimensions of a weight, far above those of any model.
const maxSide = 1 << 24

// weightAt is the weight at a place of a file. Tensors that are no floating-point numbers, such as position_ids, are
// none.
func weightAt(file *safetensors.File, place weightname.Place) (w network.Weight, ok bool, err error) {
	t := file.Tensors[place.Key]
	kind, ok := graphType(t.DType)
	if !ok {
		return w, false, nil
	}
	w = network.Weight{Type: kind, File: file.Path, Offset: t.Offset, Length: t.Length, Transposed: place.Transposed}
	for _, d := range t.Shape {
		if d < 1 || d > maxSide {
			return w, false, fmt.Errorf("a tensor of shape %v", t.Shape)
		}
		w.Shape = append(w.Shape, int(d))
	}
	if place.Third == 0 {
		return w, true, nil
	}
	if len(w.Shape) == 0 || w.Shape[0]%3 != 0 {
		return w, false, fmt.Errorf("a tensor of shape %v, want three projections", t.Shape)
	}
	w.Shape[0], w.Length = w.Shape[0]/3, w.Length/3
	w.Offset += int64(place.Third-1) * w.Length
	return w, true, nil
}

// graphType is an element type as a graph has it.
func graphType(d safetensors.DType) (graph.Type, bool) {
	kind, ok := map[safetensors.DType]graph.Type{
		safetensors.F64: graph.Double, safetensors.F32: graph.Float, safetensors.F16: graph.Float16,
		safetensors.BF16: graph.BFloat16, safetensors.F8E4M3: graph.Float8E4M3, safetensors.F8E5M2: graph.Float8E5M2,
	}[d]
	return kind, ok
}

// filesOf are the files of some weights, by their path.
func (c *contents) filesOf(weights network.Weights) map[string]*mapped.File {
	used := map[string]bool{}
	for _, w := range weights {
		used[w.File] = true
	}
	all := map[string]*mapped.File{}
	for _, f := range c.files {
		if used[f.Path] {
			all[f.Path] = f.File
		}
	}
	return all
}

// otherKinds are files that are not checkpoints of a supported family, by a piece of a key.
var otherKinds = []struct{ key, what string }{
	{"lora_unet_", "a LoRA; it belongs into the folder loras"},
	{"lora_te", "a LoRA; it belongs into the folder loras"},
	{".lora_A.", "a LoRA; it belongs into the folder loras"},
	{".lora_down.", "a LoRA; it belongs into the folder loras"},
	{"emb_params", "an embedding; it belongs into the folder embeddings"},
	{"controlnet_cond_embedding", "a ControlNet, which is not supported"},
	{"control_model.", "a ControlNet, which is not supported"},
	{"input_hint_block", "a ControlNet, which is not supported"},
	{"time_stack.", "a video model, which is not supported"},
	{"motion_modules.", "an animation module, which is not supported"},
	{"double_blocks.", "a Flux model; only Stable Diffusion 1 and 2 and SDXL are supported so far"},
	{"joint_blocks.", "a Stable Diffusion 3 model; only Stable Diffusion 1 and 2 and SDXL are supported so far"},
	{"clip_txt_mapper", "a Stable Cascade model; only Stable Diffusion 1 and 2 and SDXL are supported so far"},
	{"noise_refiner.", "a Lumina or Z-Image model; only Stable Diffusion 1 and 2 and SDXL are supported so far"},
	{"transformer_blocks.0.attn.", "a transformer; only Stable Diffusion 1 and 2 and SDXL are supported so far"},
}

// refuseContents tells what a file is that is no checkpoint of a supported family, or in a form that is not read.
func refuseContents(file *safetensors.File, names weightname.File) error {
	for _, key := range file.Names() {
		if strings.HasSuffix(key, "scaled_fp8") || strings.HasSuffix(key, ".scale_weight") {
			return errors.New("8-bit weights with a scale each, which are not read; want plain float8 or float16")
		}
		for _, o := range otherKinds {
			if names.Parts[weightname.Unet] == nil && strings.Contains(key, o.key) {
				return errors.New(o.what)
			}
		}
	}
	switch {
	case names.Parts[weightname.Unet] != nil:
		return nil
	case names.Parts[weightname.VAE] != nil:
		return errors.New("a VAE alone; it belongs into the folder vae")
	case len(names.Parts) > 0:
		return errors.New("a text encoder alone, not a model")
	}
	return errors.New("no weights of a UNet in it; only Stable Diffusion 1 and 2 and SDXL are supported so far")
}
