package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The families of models that are understood.
const (
	SD1  = "Stable Diffusion 1"
	SD2  = "Stable Diffusion 2"
	SDXL = "SDXL"
)

// strangers maps a word in a pipeline's class, or the folder of its network, to the family that is not understood.
var unsupportedFamilies = [][2]string{
	{"StableDiffusion3", "Stable Diffusion 3"}, {"Flux", "Flux"}, {"InstructPix2Pix", "InstructPix2Pix"}, {"ControlNet", "ControlNet"},
	{"Upscale", "upscaling"}, {"Depth", "depth"}, {"ImageVariation", "image variation"}, {"UnCLIP", "unCLIP"}, {"LDM3D", "LDM3D"},
	{"GLIGEN", "GLIGEN"}, {"Cascade", "Stable Cascade"},
}

func unsupportedFamily(class string) string {
	for _, f := range unsupportedFamilies {
		if strings.Contains(strings.ToLower(class), strings.ToLower(f[0])) {
			return f[1]
		}
	}
	return ""
}

// readIndex reads model_index.json and refuses the families that are not understood.
func readIndex(dir string, c *Config) error {
	index := struct {
		Class      string `json:"_class_name"`
		ForceZeros *bool  `json:"force_zeros_for_empty_prompt"`
		Aesthetics bool   `json:"requires_aesthetics_score"`
	}{}
	path := filepath.Join(dir, "model_index.json")
	if err := readJSON(path, &index); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: no model folder: want the ONNX layout of a Stable Diffusion pipeline (model_index.json, tokenizer, text_encoder, unet, vae_decoder, scheduler)", dir)
		}
		return err
	}
	c.Pipeline = index.Class
	f := unsupportedFamily(index.Class)
	switch {
	case f != "":
		return fmt.Errorf("%s: a %s model (%s); only Stable Diffusion 1 and 2, SDXL and LCM are understood so far", path, f, index.Class)
	case !strings.Contains(index.Class, "StableDiffusion") && !strings.Contains(index.Class, "LatentConsistency"):
		return fmt.Errorf("%s: pipeline %q, want a StableDiffusionPipeline, StableDiffusionXLPipeline or LatentConsistencyModelPipeline", path, index.Class)
	case !missing(filepath.Join(dir, "transformer")):
		return fmt.Errorf("%s: the model's network is a transformer, as in Stable Diffusion 3 and Flux; only those with a UNet are understood so far", filepath.Join(dir, "transformer"))
	case index.Aesthetics || missing(filepath.Join(dir, textPart)) && !missing(filepath.Join(dir, secondPart)):
		return fmt.Errorf("%s: an SDXL refiner, which only finishes what another model began; want an SDXL base model", path)
	}
	c.Family = SD1
	if strings.Contains(index.Class, "StableDiffusionXL") || !missing(filepath.Join(dir, secondPart)) {
		c.Family = SDXL
		c.ZerosForEmptyPrompt = index.ForceZeros == nil || *index.ForceZeros
	}
	c.Distilled = strings.Contains(index.Class, "LatentConsistency")
	return nil
}

// readText reads what the text encoders say of their sizes; their files are absent in old exports.
func (f *Folder) readText() error {
	c := &f.Config
	for i, part := range c.textParts() {
		path := filepath.Join(f.Dir, part, "config.json")
		text := struct {
			Length int    `json:"max_position_embeddings"`
			Width  int    `json:"hidden_size"`
			Layers int    `json:"num_hidden_layers"`
			Pooled int    `json:"projection_dim"`
			Act    string `json:"hidden_act"`
		}{Length: 77}
		if err := readJSON(path, &text); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if text.Length < 3 || text.Length > 1024 {
			return fmt.Errorf("%s: max_position_embeddings %d, want 77", path, text.Length)
		}
		if part == secondPart && text.Length != c.TextLength {
			return fmt.Errorf("%s: max_position_embeddings %d, want %d as in %s", path, text.Length, c.TextLength, textPart)
		}
		if c.Family == SD1 && text.Act == "gelu" { // OpenCLIP's; CLIP's own encoder has quick_gelu
			c.Family = SD2
		}
		c.TextLength = text.Length
		f.textEncoders[i] = textEncoderConfig{text.Width, text.Layers, text.Pooled}
	}
	return nil
}

// textParts lists the text encoders of a family.
func (c *Config) textParts() []string {
	if c.Family == SDXL {
		return []string{textPart, secondPart}
	}
	return []string{textPart}
}
