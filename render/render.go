package render

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"darkroom/render/clip"
	"darkroom/render/family"
	"darkroom/render/picture"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// Encoded is what a text encoder makes of chunks.
type TextEncoding = tensor.TextEncoding

// Given is what leads the UNet beside latents and time.
type Conditioning = tensor.Conditioning

// TextEncoder turns chunks of token ids into hidden states, of the layer that is skip before the one the model was
// trained with. Where Parts have a second tokenizer a row holds its ids too, after the first's.
type TextEncoder interface {
	EncodeText(ctx context.Context, ids [][]int32, skip int) (TextEncoding, error)
}

// Unet answers latents [b, c, h, w] at a training time with its prediction [b, 4, h, w], led by what it is given. The
// latents of an inpainting model have 9 channels: those of the picture, the mask, and the masked picture's.
type Unet interface {
	Unet(ctx context.Context, latents tensor.Tensor, timestep float64, given Conditioning) (tensor.Tensor, error)
}

// Decoder turns latents [b, c, h, w] into pixels [b, 3, 8h, 8w] from -1 to 1.
type Decoder interface {
	DecodeLatents(ctx context.Context, latents tensor.Tensor) (tensor.Tensor, error)
}

// Encoder turns pixels [b, 3, 8h, 8w] from -1 to 1 into the mean of their latents and the logarithm of its variance
// [b, 2c, h, w], or into latents [b, c, h, w] where it tells no more.
type Encoder interface {
	EncodeImage(ctx context.Context, pixels tensor.Tensor) (tensor.Tensor, error)
}

// Config is the arithmetic of a model.
type Config struct {
	family.Kind
	Sampler             sampler.Config
	ScalingFactor       float64 // of the VAE: latents are multiplied by it for the UNet
	Channels            int     // of a latent
	PixelsPerLatent     int     // pixels on a side of one latent
	SizeMultiple        int     // what the sides of a picture must be multiples of, for the UNet's halvings; 0 for Factor
	FixedSize           bool    // the networks take one size only, so no picture can be enlarged
	SkippableLayers     int     // how many of its text encoder's last layers can be left out
	MaxChunks           int     // chunks of text the UNet takes; 0 for any number
	ZerosForEmptyPrompt bool    // force_zeros_for_empty_prompt of model_index.json; see family.Kind.ZerosForEmptyNegative
}

// Parts are the pieces of one loaded model.
type Parts struct {
	Text       TextEncoder
	Unet       Unet
	Decoder    Decoder
	Encoder    Encoder           // nil for a model that cannot start from an image
	Tokenizers []*clip.Tokenizer // one for each text encoder of the family, of chunks of one length; a single one reads for all
	Config     Config

	// Preview decodes previews in Decoder's place: a tiny network for latents as the sampler leaves them, not divided by
	// the scaling factor. nil for none.
	PreviewDecoder Decoder
	// Seamless lends networks whose convolutions wrap around, for pictures whose edges fit each other. They are made when
	// they are first asked for. nil for a model that cannot.
	Seamless func(ctx context.Context) (SeamlessNetworks, error)
}

// Wrapping are networks of a model whose convolutions wrap around.
type SeamlessNetworks struct {
	Unet    Unet
	Decoder Decoder
	Encoder Encoder // nil for a model that has none
}

// Options are what an operator may choose. The zero value is good for anything.
type Options struct {
	// BatchPixels bounds how many pixels of tiles go through the UNet at once, so that four large tiles need not fit
	// into memory together. A single tile always may. Default 512×1024.
	BatchPixels int
	// PreviewPixels bounds the pixels of one tile of a preview. Default 256×256.
	PreviewPixels int
	// VAEPixels bounds the pixels that go through the VAE at once. A larger picture is cut into overlapping tiles,
	// which a watchful eye can tell from each other. Default 1536×1536.
	VAEPixels int
	// VAETileSide is the side of such a tile in pixels. Default 512.
	VAETileSide int
	// MaxInputPixels bounds an input picture. Default 64 million.
	MaxInputPixels int
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	set := func(v *int, otherwise int) {
		if *v <= 0 {
			*v = otherwise
		}
	}
	set(&o.BatchPixels, 512*1024)
	set(&o.PreviewPixels, 256*256)
	set(&o.VAEPixels, 1536*1536)
	set(&o.VAETileSide, 512)
	set(&o.MaxInputPixels, 64_000_000)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Renderer paints with one loaded model. Jobs may run at the same time as far as the model's parts allow it.
type Renderer struct {
	parts                Parts
	options              Options
	diffusersConditioner *clip.Conditioner
	a1111Conditioner     *clip.Conditioner // reads as A1111 does; beside it words reads as diffusers does
	decoderMu            sync.Mutex        // previews and finished pictures take turns at the decoder
	memory               *memoryLimiter
}

// New returns a renderer, or an error that names everything missing from the parts.
func New(p Parts, o Options) (*Renderer, error) {
	var errs []error
	need := func(ok bool, format string, a ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("renderer: "+format, a...))
		}
	}
	need(p.Text != nil, "no text encoder")
	need(p.Unet != nil, "no UNet")
	need(p.Decoder != nil, "no VAE decoder")
	need(len(p.Tokenizers) > 0 && !slices.Contains(p.Tokenizers, nil), "no tokenizer")
	need(sameLength(p.Tokenizers), "tokenizers whose chunks differ in length")
	c := p.Config
	need(c.ScalingFactor > 0, "scaling factor %v, want a positive number", c.ScalingFactor)
	need(c.PixelsPerLatent < 1 || c.SizeMultiple%c.PixelsPerLatent == 0, "sizes in multiples of %d for latents of %d pixels", c.SizeMultiple, c.PixelsPerLatent)
	need(c.Channels > 0 && c.PixelsPerLatent > 0, "latents of %d channels for %d pixels", c.Channels, c.PixelsPerLatent)
	if err := errors.Join(append(errs, c.Sampler.Check())...); err != nil {
		return nil, err
	}
	if c.SizeMultiple == 0 {
		p.Config.SizeMultiple = c.PixelsPerLatent
	}
	words := clip.NewConditioner(p.Text, p.Tokenizers...)
	return &Renderer{parts: p, options: o.withDefaults(), diffusersConditioner: words, a1111Conditioner: words.ForA1111(), memory: newMemoryLimiter()}, nil
}

// sameLength says whether the chunks of all tokenizers have the same length.
func sameLength(all []*clip.Tokenizer) bool {
	return !slices.ContainsFunc(all, func(t *clip.Tokenizer) bool {
		return t != nil && all[0] != nil && t.Length != all[0].Length
	})
}

// Paint makes all tiles of a Spec. It looks at ctx before every step and before every picture it decodes, and returns
// context.Cause(ctx) once that has ended. What no other try could mend is a *Refusal. A panic of a network is the
// caller's.
func (r *Renderer) Render(ctx context.Context, spec picture.Spec, job Job) (*Result, error) {
	defer job.Slot.Release()
	ctx, short := watchLowMemory(ctx)
	p, err := r.newRun(spec, job)
	if err != nil {
		return nil, err
	}
	defer p.previews.close()
	if err := p.timed(StageEncode, func() error { return p.encode(ctx) }); err != nil {
		return nil, preferCause(ctx, fmt.Errorf("encode: %w", err))
	}
	var latents tensor.Tensor
	err = p.timed(StageDenoise, func() error { latents, err = p.denoise(ctx); return err })
	job.Slot.Release()
	if err != nil {
		return nil, preferCause(ctx, fmt.Errorf("denoise: %w", err))
	}
	var tiles []Tile
	err = p.timed(StageDecode, func() error { tiles, err = p.decode(ctx, latents); return err })
	if err != nil {
		return nil, preferCause(ctx, fmt.Errorf("decode: %w", err))
	}
	return &Result{Tiles: tiles, Millis: p.millis, Latents: latents, LowMemory: short.Load()}, nil
}

// because prefers the reason why a job was ended to the error that its end caused in some network.
func preferCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
