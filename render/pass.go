package render

import (
	"context"
	"errors"
	"fmt"

	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// pass is one walk of all tiles at one size.
type pass struct {
	plan          sampler.Plan
	height, width int  // of the latent
	group         int  // tiles that go through the UNet together
	fresh         bool // begins with noise alone, whatever the start picture
	draws         draws
	calls         prompt.Calls
	text          text  // once it is encoded
	told          *told // of an inpainting model, likewise
}

// draws says which latents a pass draws from what the encoder says of a picture. Where it does not, the mean is taken.
type draws struct {
	start bool // the start picture's, before the starting noise
	told  bool // the masked picture's, right after it
}

// layPasses plans the walk, and the second one of a hires picture.
func (p *painting) layPasses() error {
	s, c, trained := p.spec, p.parts.Config, p.trained()
	plan, err := p.method.Plan(trained, s.Steps)
	if s.Init != nil {
		plan, err = p.method.Repaint(trained, s.Steps, s.Init.Strength)
	}
	if err != nil {
		return refused(fmt.Sprintf("this model cannot be painted with in %d steps", s.Steps), err)
	}
	p.passes = []pass{p.sized(plan, s.Height, s.Width)}
	p.passes[0].calls = prompt.Calls{Steps: s.Steps * p.method.Asks()}
	if s.Init != nil && s.Dialect == picture.Diffusers {
		p.passes[0].asDiffusersStarts(*s.Init, c.Inpaint)
	}
	if s.Hires == nil {
		return nil
	}
	if c.Fixed {
		return refuse("this model paints at one size only, so it cannot enlarge a picture")
	}
	plan, err = p.method.Refine(trained, s.Hires.Steps, s.Hires.Strength)
	if err != nil {
		return refused(fmt.Sprintf("this model cannot enlarge a picture in %d steps", s.Hires.Steps), err)
	}
	height, width := int(float64(s.Height)*s.Hires.Scale), int(float64(s.Width)*s.Hires.Scale)
	if width%c.Multiple != 0 || height%c.Multiple != 0 {
		return refuse("enlarged to %d×%d this cannot be painted: the model takes sides that are multiples of %d", width, height, c.Multiple)
	}
	second := p.sized(plan, height, width)
	second.calls = prompt.Calls{Steps: s.Hires.Steps * p.method.Asks(), Before: p.passes[0].calls.Steps}
	p.passes = append(p.passes, second)
	return nil
}

// asDiffusersStarts follows the order in which diffusers draws: the latents of the start picture from the generator that
// gives the noise, and after the noise those of the masked picture. With a mask and all of the strength it begins with
// noise alone, and an inpainting UNet, which keeps nothing of the start picture, then draws only the latter.
//
// A1111 draws from a generator that it never seeds, so that no two of its pictures agree: the mean is what they share.
func (s *pass) asDiffusersStarts(from picture.Init, inpaint bool) {
	s.draws.start = true
	if from.Mask == nil || from.Place != nil {
		return
	}
	s.draws.told = true
	if from.Strength == 1 {
		s.fresh = true
		s.draws.start = !inpaint
	}
}

// trained is what the folder says of the model's training, as far as it counts here.
func (p *painting) trained() sampler.Config {
	c, h := p.parts.Config.Sampler, p.parts.Config.Habits().from(p.spec.Init)
	c.RungeKutta, c.WholeRepaints = h.RungeKutta, h.WholeRepaints
	return c
}

// sized makes a pass for a size in pixels.
func (p *painting) sized(plan sampler.Plan, height, width int) pass {
	f := p.parts.Config.Factor
	return pass{plan: plan, height: height / f, width: width / f, group: min(max(p.options.BatchPixels/(height*width), 1), p.spec.Count)}
}

// steps counts the runs of the UNet that the whole job takes.
func (p *painting) steps() int {
	n := 0
	for _, pass := range p.passes {
		n += len(pass.plan.Steps) * ((p.spec.Count + pass.group - 1) / pass.group)
	}
	return n
}

// walk takes all tiles through one pass, as many at once as fit. Each tile has noise of its own, so how many share a
// batch changes nothing but the rounding inside the network.
func (p *painting) walk(ctx context.Context, pass pass, from *tensor.Tensor, kept keep) (tensor.Tensor, error) {
	var done []tensor.Tensor
	for first := 0; first < p.spec.Count; first += pass.group {
		last := min(first+pass.group, p.spec.Count)
		latents, err := p.walkGroup(ctx, pass, first, last, tilesOf(from, first, last), kept)
		if err != nil {
			return tensor.Tensor{}, err
		}
		done = append(done, latents)
	}
	return tensor.Concat(done...)
}

// tilesOf returns the tiles of a group; one latent for all of them is repeated.
func tilesOf(t *tensor.Tensor, first, last int) *tensor.Tensor {
	if t == nil {
		return nil
	}
	tiles := tensor.Tensor{}
	if t.Batch() == 1 {
		tiles = tensor.Repeat(*t, last-first)
	} else {
		tiles = t.Rows(first, last)
	}
	return &tiles
}

func (p *painting) walkGroup(ctx context.Context, pass pass, first, last int, from *tensor.Tensor, kept keep) (tensor.Tensor, error) {
	sources, drawn := p.noises(pass, first, last)
	kept.latents = tilesOf(kept.latents, first, last)
	if pass.draws.start {
		latents := p.start.latent.draw(drawn.start)
		from, kept.latents = &latents, &latents
	}
	x := tensor.Scale(drawn.noise, float32(pass.plan.Start))
	if from != nil && !pass.fresh {
		x = pass.plan.Begin(*from, drawn.noise)
	}
	said := pass.text
	if pass.told != nil {
		said.beside = pass.told.latents(drawn.told)
	}
	denoise := p.parts.Config.Sampler.Denoiser(p.predict(said, last-first))
	if kept.mask != nil {
		denoise = kept.hold(pass.plan, drawn.noise, denoise)
	}
	walk := sampler.Walk{
		Denoise: denoise,
		Noise:   func() tensor.Tensor { return drawAll(sources, pass.shape(p.parts.Config.Channels)) },
		Path:    func(low, high float64) sampler.Path { return p.path(pass, first, last, low, high) },
		Seen: func(_ int, denoised tensor.Tensor) {
			p.previews.note(first, denoised)
			p.progress.step(ctx, p.previews)
		},
		Tried: func(denoised tensor.Tensor) {
			p.previews.note(first, denoised)
			p.progress.try(ctx, p.previews)
		},
		Eta: p.spec.Eta,
	}
	x, err := p.method.Sample(ctx, pass.plan, walk, x)
	if errors.Is(err, sampler.ErrNoFit) {
		return x, refused("the sampler "+p.spec.Sampler+" finds no step that is short enough for this picture; another one will paint it", err)
	}
	if err != nil || kept.mask == nil {
		return x, err
	}
	return kept.finish(x), nil
}
