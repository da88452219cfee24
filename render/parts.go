package render

import (
	"context"
	"image"

	"darkroom/render/clip"
	"darkroom/render/family"
	"darkroom/render/picture"
	"darkroom/render/safety"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
	"darkroom/render/upscale"
)

// TextEncoding is what a text encoder makes of chunks.
type TextEncoding = tensor.TextEncoding

// Conditioning is what the UNet reads besides latents and timestep.
type Conditioning = tensor.Conditioning

// TextEncoder turns chunks of token ids into hidden states: of the layer that the model was trained with, or of the
// one skip layers before it. Where Parts have several tokenizers, a row holds the ids of each, one after the other.
type TextEncoder interface {
	EncodeText(ctx context.Context, ids [][]int32, skip int) (TextEncoding, error)
}

// Unet returns its prediction [b, 4, h, w] for latents [b, c, h, w] at a timestep. The latents of an inpainting model
// have 9 channels: those of the image, the mask, and those of the masked image.
type Unet interface {
	Unet(ctx context.Context, latents tensor.Tensor, timestep float64, conditioning Conditioning) (tensor.Tensor, error)
}

// Decoder turns latents [b, c, h, w] into pixels [b, 3, 8h, 8w] from -1 to 1.
type Decoder interface {
	DecodeLatents(ctx context.Context, latents tensor.Tensor) (tensor.Tensor, error)
}

// Encoder turns pixels [b, 3, 8h, 8w] from -1 to 1 into the mean of their latents and the logarithm of the variance
// [b, 2c, h, w], or into the mean alone [b, c, h, w].
type Encoder interface {
	EncodeImage(ctx context.Context, pixels tensor.Tensor) (tensor.Tensor, error)
}

// SafetyChecker says of each image how near it is to the concepts that a safety checker knows. *safety.Checker is one.
type SafetyChecker interface {
	Check(ctx context.Context, images []image.Image) ([]safety.Verdict, error)
}

// Config is what a renderer must know of a model.
type Config struct {
	family.Kind
	Sampler             sampler.Config
	ScalingFactor       float64 // of the VAE: latents are multiplied by it for the UNet
	Channels            int     // of a latent
	PixelsPerLatent     int     // pixels on a side of one latent
	SizeMultiple        int     // what the sides of an image are multiples of, for the UNet; 0 for PixelsPerLatent
	FixedSize           bool    // the networks take one size only, so there is no hires pass
	SkippableLayers     int     // how many of its text encoder's last layers can be left out
	MaxChunks           int     // chunks of text that the UNet takes; 0 for any number
	ZerosForEmptyPrompt bool    // force_zeros_for_empty_prompt of model_index.json; see family.Kind.ZerosForEmptyNegative
}

// Parts are the pieces of one loaded model.
type Parts struct {
	Text       TextEncoder
	Unet       Unet
	Decoder    Decoder
	Encoder    Encoder           // nil for a model that cannot start from an image
	Tokenizers []*clip.Tokenizer // one for each text encoder, of one chunk length; a single one reads for all
	Config     Config

	// PreviewDecoder decodes previews in place of Decoder: a tiny network for latents as the sampler leaves them, not
	// divided by the scaling factor. nil for none.
	PreviewDecoder Decoder
	// Safety scores finished images; nil for none.
	Safety SafetyChecker
	// PreviewSafety scores previews; nil where that costs too much, or for none.
	PreviewSafety SafetyChecker
	// Upscaler returns a network that enlarges finished images, or a *Refusal where it is not here or cannot be used. It
	// stays loaded until release is called. nil for a model without any.
	Upscaler func(ctx context.Context, named picture.Ref) (network upscale.Upscaler, release func(), err error)
	// Seamless returns networks whose convolutions pad circularly, for tileable images. They are loaded at the first
	// call. nil for a model that cannot.
	Seamless func(ctx context.Context) (SeamlessNetworks, error)
	// VAE is the hash of the VAE that these parts have, where it is that of another file; "" for the model's own.
	VAE string
	// Extend returns the parts with the add-ons and the VAE of a Spec, or a *Refusal where one is not here or does not
	// fit. nil for a model that takes none.
	Extend func(ctx context.Context, spec picture.Spec) (Extended, error)
	// Memory is the device's, for a model whose device counts it; else nil.
	Memory DeviceMemory
	// MakeRoom frees what other models hold of the device's memory, and says whether there was any. nil where there are no
	// others.
	MakeRoom func() bool
}

// SeamlessNetworks are networks of a model whose convolutions pad circularly.
type SeamlessNetworks struct {
	Unet    Unet
	Decoder Decoder
	Encoder Encoder // nil for a model that has none
}
