package family

// SD2 is Stable Diffusion 2: OpenCLIP's ViT-H text encoder. It is published without its last layer, so that the model
// reads the last layer but one after the final norm, and A1111 follows no other clip skip.
var SD2 = &Family{
	Name:                  "Stable Diffusion 2",
	TextEncoders:          []TextEncoder{{Part: firstEncoder, Tokenizer: firstTokenizer, FinalNorm: true, OpenCLIP: true}},
	FixedClipSkip:         true,
	Latents:               stableDiffusionLatents,
	SizeMultiple:          64,
	PipelineSetsScheduler: true,
	recognise:             hasOpenCLIP,
}

func hasOpenCLIP(c Clues) bool {
	return c.Activation == openCLIPActivation || c.TextWidth == openCLIPWidth
}

// What tells OpenCLIP's text encoder from CLIP's own: the latter has the activation quick_gelu and tokens of 768
// numbers.
const (
	openCLIPActivation = "gelu"
	openCLIPWidth      = 1024
)
