// Package render makes images of a picture.Spec:
//
//	encode     prompt and negative prompt become hidden states        (conditioning.go; render/prompt, render/clip)
//	           an init image and its mask become latents              (initimage.go, region.go, inpaint.go, outpaint.go)
//	denoise    the sampler goes from noise to latents, step by step   (pass.go, guidance.go; render/sampler, noise)
//	           and perhaps again at a larger size                     (the hires pass)
//	decode     latents become pixels                                  (vae.go)
//	upscale    finished images are enlarged, and repainted in tiles   (upscaling.go; render/upscale)
//	check      a safety checker scores what they show                 (safety.go; render/safety)
//
// The networks come in through small interfaces (parts.go), so everything here runs, and is tested, without a
// runtime. The same Spec gives the same bytes as long as the networks do.
package render

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"darkroom/render/clip"
	"darkroom/render/picture"
)

// Options are what an operator may choose. The zero value is good for anything.
type Options struct {
	// BatchPixels bounds how many pixels of tiles go through the UNet at once, so that four large tiles need not fit
	// into memory together. A single tile always may. Default 512×1024.
	BatchPixels int
	// PreviewPixels bounds the pixels of one tile of a preview. Default 256×256.
	PreviewPixels int
	// VAEPixels bounds the pixels that go through the VAE at once. A larger image is cut into overlapping tiles,
	// which a careful look can tell apart. Default 1536×1536.
	VAEPixels int
	// VAETileSide is the side of such a tile in pixels. Default 512.
	VAETileSide int
	// UpscaleMemory is how much a run of an upscaler may take, in bytes, where its tiles can be small enough for that.
	// Default 1 GiB.
	UpscaleMemory int64
	// MaxInputPixels bounds an input image. Default 64 million.
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

// Renderer generates images with one loaded model. Jobs may run at the same time as far as the model's parts allow it.
type Renderer struct {
	parts                Parts
	options              Options
	diffusersConditioner *clip.Conditioner
	a1111Conditioner     *clip.Conditioner
	decoderMu            *sync.Mutex // previews and finished images use the decoder one after the other
	memory               *fallbacks
	extensions           *extensions
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
	need(c.PixelsPerLatent < 1 || c.SizeMultiple%c.PixelsPerLatent == 0,
		"sizes in multiples of %d for latents of %d pixels", c.SizeMultiple, c.PixelsPerLatent)
	need(c.Channels > 0 && c.PixelsPerLatent > 0, "latents of %d channels for %d pixels", c.Channels, c.PixelsPerLatent)
	if err := errors.Join(append(errs, c.Sampler.Check())...); err != nil {
		return nil, err
	}
	if c.SizeMultiple == 0 {
		p.Config.SizeMultiple = c.PixelsPerLatent
	}
	memory := newFallbacks(p)
	conditioner := clip.NewConditioner(sparingText{memory, p.Text}, p.Tokenizers...)
	return &Renderer{
		parts: p, options: o.withDefaults(), memory: memory, decoderMu: new(sync.Mutex),
		extensions:           &extensions{},
		diffusersConditioner: conditioner, a1111Conditioner: conditioner.ForA1111(),
	}, nil
}

// sameLength says whether the chunks of all tokenizers have the same length.
func sameLength(all []*clip.Tokenizer) bool {
	return !slices.ContainsFunc(all, func(t *clip.Tokenizer) bool {
		return t != nil && all[0] != nil && t.Length != all[0].Length
	})
}

// Render generates all tiles of a Spec. It checks ctx before every step and before every image that it decodes, and
// returns context.Cause(ctx) once ctx has ended. An error that another attempt would give again is a *Refusal. A
// panic of a network reaches the caller.
func (r *Renderer) Render(ctx context.Context, spec picture.Spec, job Job) (*Result, error) {
	defer job.BatchMember.Leave()
	ctx, record := watchMemory(ctx)
	r.memory.begin()
	result, err := r.renderWith(ctx, spec, job)
	held := r.memory.end()
	if err != nil {
		return nil, err
	}
	result.LowMemory, result.Memory = record.read()
	result.DeviceBytes = held
	return result, nil
}

// renderWith renders with the add-ons of a Spec.
func (r *Renderer) renderWith(ctx context.Context, spec picture.Spec, job Job) (*Result, error) {
	with, err := r.extended(ctx, spec)
	if err != nil {
		return nil, preferCause(ctx, err)
	}
	defer with.release()
	p, err := with.renderer.newRun(spec, job)
	if err != nil {
		return nil, err
	}
	release, err := p.openUpscaler(ctx)
	if err != nil {
		return nil, preferCause(ctx, err)
	}
	defer release()
	result, err := p.render(ctx)
	if err == nil {
		err = p.checkTiles(ctx, result.Tiles)
	}
	if err != nil {
		return nil, err
	}
	result.Notes = with.notes
	return result, nil
}

// render runs all stages.
func (p *run) render(ctx context.Context) (_ *Result, err error) {
	defer p.previews.close()
	if err := p.timed(StageEncode, func() error { return p.encode(ctx) }); err != nil {
		return nil, preferCause(ctx, fmt.Errorf("encode: %w", err))
	}
	result, err := p.paint(ctx)
	if err != nil {
		return nil, preferCause(ctx, err)
	}
	if p.spec.Upscale != nil {
		err = p.timed(StageUpscale, func() error { result.Tiles, err = p.enlarge(ctx, result.Tiles); return err })
	}
	if err != nil {
		return nil, preferCause(ctx, fmt.Errorf("upscale: %w", err))
	}
	result.Millis = p.millis
	return result, nil
}

// paint makes the images of the Spec's own size.
func (p *run) paint(ctx context.Context) (_ *Result, err error) {
	r := &Result{}
	if p.outpaint != nil {
		if err := p.timed(StageDenoise, func() error { r.Tiles, err = p.paintGround(ctx); return err }); err != nil {
			return nil, fmt.Errorf("outpaint: %w", err)
		}
		return r, nil
	}
	err = p.timed(StageDenoise, func() error { r.Latents, err = p.denoise(ctx); return err })
	p.job.BatchMember.Leave()
	if err != nil {
		return nil, fmt.Errorf("denoise: %w", err)
	}
	if err := p.timed(StageDecode, func() error { r.Tiles, err = p.decode(ctx, r.Latents); return err }); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return r, nil
}

// preferCause returns the reason why a job was ended, rather than the error that its end caused in a network.
func preferCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
