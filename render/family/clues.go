package family

import (
	"fmt"
	"slices"
	"strings"
)

// Clues are what a folder in diffusers' layout says that its kind is recognised by. What is not known yet, or what an
// old export does not say, is zero.
type Clues struct {
	Pipeline       string   // the class in model_index.json
	AestheticScore bool     // requires_aesthetics_score
	Folders        []string // the parts that are there
	Activation     string   // hidden_act of the first text encoder
	TextWidth      int      // numbers per token that the UNet reads

	Scheduler  string // the class in scheduler_config.json
	Spacing    string // timestep_spacing
	Prediction string // prediction_type
	ZeroSNR    bool   // rescale_betas_zero_snr

	GuidanceWidth int // numbers in which the UNet takes the guidance scale; 0 for none
}

// transformer is the folder of the network that newer families have in place of a UNet.
const transformer = "transformer"

// PartFolders lists the folders whose presence is a clue.
func PartFolders() []string { return append(AllTextParts(), transformer) }

// Unsupported says in a sentence why a model's kind is not supported, empty where it is.
func Unsupported(c Clues) string {
	name := unsupportedName(c.Pipeline)
	switch {
	case name != "":
		return fmt.Sprintf(
			"a %s model (%s); only Stable Diffusion 1 and 2, SDXL and LCM are supported so far", name, c.Pipeline,
		)
	case !strings.Contains(c.Pipeline, "StableDiffusion") && !LCMPipeline(c.Pipeline):
		return fmt.Sprintf(
			"pipeline %q, want a StableDiffusionPipeline, StableDiffusionXLPipeline or LatentConsistencyModelPipeline",
			c.Pipeline,
		)
	case slices.Contains(c.Folders, transformer):
		return "the model's network is a transformer, as in Stable Diffusion 3 and Flux; only UNets are supported so far"
	}
	return ""
}

// PlainPipeline says that a pipeline's class only generates, from words, an image or an image and a mask. Others add
// something of their own, such as perturbed attention guidance.
func PlainPipeline(class string) bool {
	for _, prefix := range []string{"ORT", "Onnx", "OV", "Flax"} { // whose runtime it is for
		class = strings.TrimPrefix(class, prefix)
	}
	return slices.Contains([]string{
		"StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline",
		"StableDiffusionInpaintPipelineLegacy", "StableDiffusionPipelineSafe", "StableDiffusionXLPipeline",
		"StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLInpaintPipeline", "LatentConsistencyModelPipeline",
		"LatentConsistencyModelImg2ImgPipeline",
	}, class)
}

// unsupportedName finds the name of a family that is not supported by a word in its pipeline's class.
func unsupportedName(class string) string {
	for _, f := range [][2]string{
		{"StableDiffusion3", "Stable Diffusion 3"}, {"Flux", "Flux"}, {"InstructPix2Pix", "InstructPix2Pix"},
		{"ControlNet", "ControlNet"}, {"Upscale", "upscaling"}, {"Depth", "depth"}, {"ImageVariation", "image variation"},
		{"UnCLIP", "unCLIP"}, {"LDM3D", "LDM3D"}, {"GLIGEN", "GLIGEN"}, {"Cascade", "Stable Cascade"},
	} {
		if strings.Contains(strings.ToLower(class), strings.ToLower(f[0])) {
			return f[1]
		}
	}
	return ""
}
