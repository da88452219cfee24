package family

// SD1 is Stable Diffusion 1: OpenAI's CLIP ViT-L/14 text encoder, read after its final norm.
var SD1 = &Family{
	Name:                  "Stable Diffusion 1",
	TextEncoders:          []TextEncoder{{Part: firstEncoder, Tokenizer: firstTokenizer, FinalNorm: true}},
	Latents:               stableDiffusionLatents,
	SizeMultiple:          64, // 8 pixels a latent, halved three times
	PipelineSetsScheduler: true,
	recognise:             func(Clues) bool { return true },
}

// The folders of the text encoder that every family has, and of its tokenizer.
const (
	firstEncoder   = "text_encoder"
	firstTokenizer = "tokenizer"
)
