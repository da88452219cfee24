package family

import (
	"slices"
	"strings"

	"darkroom/render/sampler"
)

// Refiner is the refiner of Stable Diffusion XL (Podell et al. 2023, section 2.5), as a model of its own. It was
// trained on the last, least noisy fifth of the steps, to finish images. It reads SDXL's second text encoder alone, and
// an aesthetic score in place of the size to generate.
var Refiner = &Family{
	Name:                  "SDXL refiner",
	TextEncoders:          []TextEncoder{secondTextEncoder},
	TimeIDs:               refinerTimeIDs,
	FixedClipSkip:         true,
	ZerosForEmptyNegative: true,
	Latents:               SDXL.Latents,
	NativeSide:            1024,
	SizeMultiple:          64,                                                   // it has one level more than SDXL
	Defaults:              Defaults{Steps: 30, GuidanceScale: 5, Strength: 0.3}, // the latter two as diffusers' pipeline
	AlignedSteps:          sampler.AlignedSDXL(),

	InpaintKeepsRungeKutta: true,
	FinishesImages:         true,

	recognise: func(c Clues) bool {
		return c.AestheticScore || strings.Contains(c.Pipeline, "StableDiffusionXLImg2Img") &&
			slices.Contains(c.Folders, secondEncoder) && !slices.Contains(c.Folders, firstEncoder)
	},
}

// The aesthetic scores beside a prompt and a negative one: aesthetic_score and negative_aesthetic_score of diffusers'
// StableDiffusionXLImg2ImgPipeline, sdxl_refiner_high_aesthetic_score and sdxl_refiner_low_aesthetic_score of A1111.
const (
	aestheticScore         = 6
	negativeAestheticScore = 2.5
)

// refinerTimeIDs tell the refiner the original height and width, the corner at which the image was cut out, and how
// beautiful it is.
func refinerTimeIDs(height, width int, negative bool) []float32 {
	score := float32(aestheticScore)
	if negative {
		score = negativeAestheticScore
	}
	return []float32{float32(height), float32(width), 0, 0, score}
}
