package family

import (
	"slices"
	"strings"

	"darkroom/render/sampler"
)

// SDXL is Stable Diffusion XL: two text encoders side by side, the pooled vector of the second, and the size of the
// image. It was trained with the last layer but one of both encoders, without the final norm.
var SDXL = &Family{
	Name: "SDXL",
	TextEncoders: []TextEncoder{
		{Part: firstEncoder, Tokenizer: firstTokenizer},
		secondTextEncoder,
	},
	TimeIDs:               sdxlTimeIDs,
	FixedClipSkip:         true,
	ZerosForEmptyNegative: true,
	Latents:               Latents{Channels: 4, PixelsPerLatent: 8, ScalingFactor: 0.13025},
	NativeSide:            1024,
	SizeMultiple:          32,                         // it halves one time less
	Defaults:              Defaults{GuidanceScale: 5}, // as diffusers' pipeline
	AlignedSteps:          sampler.AlignedSDXL(),

	InpaintKeepsRungeKutta: true,

	recognise: func(c Clues) bool {
		return strings.Contains(c.Pipeline, "StableDiffusionXL") || slices.Contains(c.Folders, secondEncoder)
	},
}

const secondEncoder = "text_encoder_2"

// secondTextEncoder is OpenCLIP's ViT-bigG.
var secondTextEncoder = TextEncoder{Part: secondEncoder, Tokenizer: "tokenizer_2", Pooled: true, OpenCLIP: true}

// sdxlTimeIDs tell SDXL that an image of this size was cut out of nothing larger: its original height and width, the
// corner at which it was cut out, and the height and width to generate. Both dialects do so by default.
func sdxlTimeIDs(height, width int, _ bool) []float32 {
	h, w := float32(height), float32(width)
	return []float32{h, w, 0, 0, h, w}
}
