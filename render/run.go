package render

import (
	"context"
	"errors"
	"fmt"

	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
	"darkroom/render/upscale"
)

// run is one call of Render.
type run struct {
	*Renderer
	spec      picture.Spec
	job       Job
	method    sampler.Method
	passes    []pass               // one, or two with a hires pass
	repaint   *pass                // of enlarged images; nil for none
	upscaler  upscale.Upscaler     // that the Spec names; nil for none
	outpaint  *outpaintPlan        // nil unless the Spec outpaints in windows
	firstTile int                  // of those that previews show
	terms     []prompt.Term        // the prompt, divided at AND
	texts     []picture.TilePrompt // what tiles show, each once
	textOf    []int                // by tile: which of texts it shows
	initImage *initImage           // nil for txt2img
	net       Unet                 // the model's, or its seamless one
	decoder   Decoder              // the model's, or its seamless one
	encoder   Encoder              // the model's, or its seamless one
	previews  *previews
	progress  *progress
	millis    map[string]int64
}

// newRun checks everything that can be checked without running a network.
func (r *Renderer) newRun(spec picture.Spec, job Job) (*run, error) {
	if err := spec.Validate(); err != nil {
		return nil, refuseBecause("these settings do not go together", fmt.Errorf("spec: %w", err))
	}
	method, err := sampler.Find(spec.Dialect, spec.Sampler)
	if err != nil {
		return nil, refuseBecause(fmt.Sprintf("unknown sampler %q", spec.Sampler), err)
	}
	if r, err = r.sampledAs(spec); err != nil {
		return nil, err
	}
	p := &run{
		Renderer: r, spec: spec, job: job, method: method, millis: map[string]int64{},
		net: r.parts.Unet, decoder: r.parts.Decoder, encoder: r.parts.Encoder,
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := p.splitTiles(); err != nil {
		return nil, err
	}
	if err := errors.Join(p.planPasses(), p.planUpscale(), p.planOutpaint()); err != nil {
		return nil, err
	}
	p.previews = newPreviews(r, spec)
	p.progress = &progress{total: p.steps(), callback: job.Progress}
	return p, nil
}

// check refuses what this model cannot do.
func (p *run) check() error {
	s, c := p.spec, p.parts.Config
	switch {
	case !inWindows(s) && (s.Width%c.SizeMultiple != 0 || s.Height%c.SizeMultiple != 0):
		return refuse(
			"this model cannot generate %d×%d: its sides must be multiples of %d", s.Width, s.Height, c.SizeMultiple,
		)
	case p.clipSkip() > c.SkippableLayers && c.SkippableLayers == 0:
		return refuse(
			"a clip skip of %d is not possible: only the last layer of this model's text encoder can be read", s.ClipSkip,
		)
	case p.clipSkip() > c.SkippableLayers:
		return refuse("a clip skip of %d is not possible: this model takes at most %d", s.ClipSkip, c.SkippableLayers+1)
	case s.Init != nil && p.parts.Encoder == nil:
		return refuse("this model cannot start from an image: it has no VAE encoder")
	case s.Tiling && p.parts.Seamless == nil:
		return refuse("this model cannot generate tileable images")
	case s.Eta != nil && !p.method.TakesEta():
		return refuse("the sampler %s has no eta", encode.SamplerTitle(s.Sampler))
	case s.Rescale > 0 && s.Dialect != picture.Diffusers:
		return refuse("guidance can be rescaled only in the dialect diffusers: A1111 has no such setting")
	case p.method.Distilled() && !c.Consistency():
		return refuse("the sampler %s needs a model that was distilled to few steps, and this one was not",
			encode.SamplerTitle(s.Sampler))
	case p.method.Diverges(c.Sampler.Prediction):
		return refuse("the sampler %s diverges with models that predict a velocity, such as this one: choose another sampler",
			encode.SamplerTitle(s.Sampler))
	case c.Consistency() && !p.method.Distilled():
		return refuse("this model was distilled to few steps, which the sampler %s does not support: choose %s or %s",
			encode.SamplerTitle(s.Sampler), encode.SamplerTitle("lcm"), encode.SamplerTitle("tcd"))
	case c.Extra != nil && p.parts.Encoder == nil:
		return refuse("this inpainting model cannot be used: it has no VAE encoder")
	case s.Init != nil && p.job.Input == nil:
		return errors.New("init image: no source of its bytes")
	}
	if p.job.Latents != nil {
		return p.checkLatents(*p.job.Latents)
	}
	return nil
}

func (p *run) checkLatents(given tensor.Tensor) error {
	if err := given.Check(); err != nil {
		return fmt.Errorf("latents: %w", err)
	}
	c, s := p.parts.Config, given.Shape
	h, w := p.spec.Height/c.PixelsPerLatent, p.spec.Width/c.PixelsPerLatent
	if len(s) != 4 || s[0] != 1 && s[0] != p.spec.Count || s[1] != c.Channels || s[2] != h || s[3] != w {
		return fmt.Errorf("latents: shape %v, want [1 or %d, %d, %d, %d]", s, p.spec.Count, c.Channels, h, w)
	}
	if !given.Finite() {
		return errors.New("latents: some are not finite")
	}
	return nil
}

// encode runs the networks that come before the first step.
func (p *run) encode(ctx context.Context) error {
	var err error
	if p.spec.Tiling {
		all, err := p.parts.Seamless(ctx)
		if err != nil {
			return err
		}
		p.net, p.decoder, p.encoder = all.Unet, all.Decoder, all.Encoder
	}
	for i := range p.passes {
		if err = p.encodeTiles(ctx, &p.passes[i]); err != nil {
			return err
		}
	}
	if p.spec.Init != nil && p.outpaint == nil {
		if p.initImage, err = p.encodeInitImage(ctx); err != nil {
			return err
		}
	}
	for i := range p.passes {
		if p.parts.Config.Extra == nil || p.outpaint != nil {
			break
		}
		if p.passes[i].inpaint, err = p.encodeInpaint(ctx, p.passes[i]); err != nil {
			return err
		}
	}
	return nil
}

// denoise samples all passes and returns the finished latents of all tiles.
func (p *run) denoise(ctx context.Context) (tensor.Tensor, error) {
	var from *tensor.Tensor
	var masked maskedLatents
	if p.initImage != nil {
		from = &p.initImage.latent.mean
		if r := p.initImage.region; r != nil {
			masked = maskedLatents{from, &r.latent, p.initImage.mode}
		}
	}
	var done tensor.Tensor
	for i, pass := range p.passes {
		if i > 0 {
			larger := tensor.ResizeBilinear(done, pass.height, pass.width)
			from, masked = &larger, masked.upscaled(pass.height, pass.width)
		}
		var err error
		if done, err = p.samplePass(ctx, pass, from, masked); err != nil {
			return tensor.Tensor{}, err
		}
	}
	return done, nil
}

// decode turns latents into images one by one, so that only one of them needs the decoder's memory.
func (p *run) decode(ctx context.Context, latents tensor.Tensor) ([]Tile, error) {
	tiles := make([]Tile, p.spec.Count)
	for i := range tiles {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		pixels, err := p.toPixels(ctx, p.decoder, latents.Row(i))
		if err != nil {
			return nil, fmt.Errorf("tile %d: %w", i+1, err)
		}
		tiles[i] = Tile{Seed: p.spec.Tile(i).Seed, Image: toImage(pixels, rounding(p.spec.Dialect))}
		p.initImage.overlayOn(tiles[i].Image)
	}
	return tiles, nil
}

// timed runs one stage and adds up how long it took.
func (p *run) timed(stage string, run func() error) error {
	began := p.options.Now()
	err := run()
	p.millis[stage] += p.options.Now().Sub(began).Milliseconds()
	return err
}
