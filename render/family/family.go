package family

import (
	"slices"

	"darkroom/render/sampler"
)

// Family is what all models of one architecture have in common. The values are constants: nobody changes them.
type Family struct {
	Name string // for people

	// TextEncoders are read side by side: the UNet gets the hidden states of all of them in this order.
	TextEncoders []TextEncoder
	// TimeIDs are the numbers that tell the UNet the size of the image, beside a prompt or a negative one. Such a UNet
	// also reads a pooled vector. nil for a UNet that reads neither.
	TimeIDs func(height, width int, negative bool) []float32
	// FixedClipSkip says that A1111 reads the layer that the model was trained with, whatever clip skip is asked for.
	FixedClipSkip bool
	// ZerosForEmptyNegative says that hidden states of zeros may stand for an empty negative prompt: in A1111 always, in
	// diffusers unless model_index.json says otherwise.
	ZerosForEmptyNegative bool

	Latents      Latents
	NativeSide   int // side of the training images in pixels, where unet/config.json does not say; 0 for unknown
	SizeMultiple int // what the sides of an image are multiples of, where unet/config.json does not say
	Defaults     Defaults
	AlignedSteps sampler.AlignedSteps // zero for Stable Diffusion 1's

	// PipelineSetsScheduler says that diffusers' pipeline sets clip_sample to false and steps_offset to 1, whatever
	// scheduler_config.json says.
	PipelineSetsScheduler bool
	// InpaintKeepsRungeKutta says that diffusers' inpainting pipeline takes PNDM's Runge-Kutta steps where the folder asks
	// for them. The others skip them always.
	InpaintKeepsRungeKutta bool

	// FinishesImages says that the model was made to finish images, not to begin one.
	FinishesImages bool

	recognise func(Clues) bool
}

// TextEncoder is one text encoder of a family.
type TextEncoder struct {
	Part      string // the folder of its network
	Tokenizer string // the folder of its tokenizer
	// FinalNorm says that the UNet reads the last layer after the encoder's final norm. Without it the UNet reads the last
	// layer but one, before that norm.
	FinalNorm bool
	Pooled    bool // the UNet reads its pooled vector too
	// OpenCLIP says that it was trained by OpenCLIP, which fills chunks with token 0, and not by OpenAI, which fills them
	// with the end token.
	OpenCLIP bool
}

// Latents are the space that the VAE maps images into.
type Latents struct {
	Channels        int
	PixelsPerLatent int     // pixels on a side of one latent
	ScalingFactor   float64 // latents are multiplied by it for the UNet, where the VAE's config.json does not say
}

// stableDiffusionLatents are those of the VAE of Stable Diffusion 1 and 2.
var stableDiffusionLatents = Latents{Channels: 4, PixelsPerLatent: 8, ScalingFactor: 0.18215}

// Defaults are the settings that suit a kind of model. Zero fields leave the choice to the program.
type Defaults struct {
	Steps         int
	GuidanceScale float64
	Sampler       string
	Strength      float64 // of a start image
}

// families lists every family, those with the clearest signs first: the last one takes what no other recognises.
func families() []*Family { return []*Family{Refiner, SDXL, SD2, SD1} }

// Recognise returns the family that the clues point to. Clues that come later may only refine what earlier ones said.
func Recognise(c Clues) *Family {
	all := families()
	if i := slices.IndexFunc(all, func(f *Family) bool { return f.recognise(c) }); i >= 0 {
		return all[i]
	}
	return SD1
}

// ConditionedOnSize says that the UNet reads a pooled vector and time ids besides the hidden states.
func (f *Family) ConditionedOnSize() bool { return f.TimeIDs != nil }

// TimeIDCount is how many numbers tell the UNet the size of the image; 0 for a UNet that does not read it.
func (f *Family) TimeIDCount() int {
	if f.TimeIDs == nil {
		return 0
	}
	return len(f.TimeIDs(0, 0, false))
}

// TextParts lists the folders of the text encoders.
func (f *Family) TextParts() []string {
	var all []string
	for _, e := range f.TextEncoders {
		all = append(all, e.Part)
	}
	return all
}

// Tokenizers lists the folders of the tokenizers.
func (f *Family) Tokenizers() []string {
	var all []string
	for _, e := range f.TextEncoders {
		all = append(all, e.Tokenizer)
	}
	return all
}

// AllTextParts lists the folders of text encoders and tokenizers that any family has.
func AllTextParts() []string {
	var all []string
	for _, f := range families() {
		all = append(all, append(f.TextParts(), f.Tokenizers()...)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
