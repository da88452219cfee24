package render

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
	"darkroom/render/upscale"
)

// pass is one sampling of all tiles at one size.
type pass struct {
	plan          sampler.Plan
	height, width int  // of the latent
	groupSize     int  // tiles that go through the UNet together
	fromNoise     bool // begins with noise alone, without the init image
	draws         latentDraws
	calls         prompt.Calls
	conditioning  passConditioning     // once it is encoded
	ofTexts       []passConditioning   // the same for each of run.texts, where tiles have prompts of their own
	inpaint       *inpaintConditioning // of an inpainting model, once it is encoded
	tiling        upscale.Tiling       // of latents that the UNet does not see as a whole; zero for the whole
	steps         int                  // that are done: fewer than the plan has where the Spec stops early
}

// latentDraws says which latents a pass draws from the encoder's distribution. For the others it takes the mean.
type latentDraws struct {
	initImage   bool // the init image's, before the starting noise
	maskedImage bool // the masked image's, right after the starting noise
}

// planPasses plans the first pass, and the hires pass if there is one.
func (p *run) planPasses() error {
	s, c, trained := p.spec, p.parts.Config, p.trainingConfig()
	plan, err := p.method.Plan(trained, s.Steps)
	if s.Init != nil {
		plan, err = p.method.Img2ImgPlan(trained, s.Steps, s.Init.Strength)
	}
	if err != nil {
		return refuseBecause(fmt.Sprintf("this model cannot generate an image in %d steps", s.Steps), err)
	}
	height, width := s.Height, s.Width
	if inWindows(s) {
		height, width = s.Init.Window.Height, s.Init.Window.Width
	}
	p.passes = []pass{p.newPass(plan, height, width)}
	p.passes[0].calls = prompt.Calls{Count: s.Steps * p.method.CallsPerStep()}
	if s.Init != nil && !inWindows(s) && s.Dialect == picture.Diffusers {
		p.passes[0].drawLikeDiffusers(*s.Init, c.Extra != nil)
	}
	if s.Hires == nil {
		return nil
	}
	if c.FixedSize {
		return refuse("this model has one size only, so it cannot upscale an image")
	}
	plan, err = p.method.HiresPlan(trained, s.Hires.Steps, s.Hires.Strength)
	if err != nil {
		return refuseBecause(fmt.Sprintf("this model cannot upscale an image in %d steps", s.Hires.Steps), err)
	}
	height, width = int(float64(s.Height)*s.Hires.Scale), int(float64(s.Width)*s.Hires.Scale)
	if width%c.SizeMultiple != 0 || height%c.SizeMultiple != 0 {
		return refuse("this model cannot upscale to %d×%d: its sides must be multiples of %d", width, height, c.SizeMultiple)
	}
	second := p.newPass(plan, height, width)
	second.calls = prompt.Calls{Count: s.Hires.Steps * p.method.CallsPerStep(), Before: p.passes[0].calls.Count}
	p.passes = append(p.passes, second)
	return nil
}

// drawLikeDiffusers follows the order in which diffusers draws: the latents of the init image from the generator that
// gives the noise, and after the noise those of the masked image. With a mask and a strength of 1 it begins with
// noise alone, and an inpainting UNet, which keeps nothing of the init image, then draws only the latter.
//
// A1111 draws from a generator that it never seeds, so no two of its images agree: the mean is what they share.
func (s *pass) drawLikeDiffusers(from picture.Init, inpaint bool) {
	s.draws.initImage = true
	if from.Mask == nil || from.Placement != nil {
		return
	}
	s.draws.maskedImage = true
	if from.Strength == 1 {
		s.fromNoise = true
		s.draws.initImage = !inpaint
	}
}

// trainingConfig is what the folder says of the model's training, as far as this run follows it.
func (p *run) trainingConfig() sampler.Config {
	c, traits := p.parts.Config.Sampler, traitsFor(p.spec.Init, p.parts.Config.Traits())
	c.RungeKutta, c.Img2ImgTakesAllSteps = traits.RungeKutta, traits.Img2ImgTakesAllSteps
	return c
}

// newPass makes a pass for a size in pixels.
func (p *run) newPass(plan sampler.Plan, height, width int) pass {
	f := p.parts.Config.PixelsPerLatent
	groupSize := min(max(p.options.BatchPixels/(height*width), 1), p.spec.Count)
	return pass{
		plan: plan, height: height / f, width: width / f, groupSize: groupSize,
		steps: stepsUntil(p.spec.Stop, len(plan.Steps)),
	}
}

// stepsUntil is how many of so many steps are done until that percentage of them; 0 stands for all. One is at least.
func stepsUntil(percent, steps int) int {
	if percent == 0 {
		return steps
	}
	return max(1, (steps*percent+50)/100)
}

// errStopped ends a sampling whose result is known already.
var errStopped = errors.New("the image is stopped at this step")

// steps counts the steps of the whole job, those of each group of tiles apart.
func (p *run) steps() int {
	if p.outpaint != nil {
		return p.passes[0].steps * len(p.outpaint.windows) * p.spec.Count
	}
	n := 0
	passes := p.passes
	if p.repaint != nil {
		passes = append(slices.Clip(passes), *p.repaint)
	}
	for _, pass := range passes {
		n += pass.steps * len(p.groups(pass))
	}
	return n
}

// samplePass samples all tiles of one pass, as many at once as fit. Each tile has noise of its own, so how many share a
// batch changes only the rounding inside the network.
func (p *run) samplePass(
	ctx context.Context, pass pass, from *tensor.Tensor, masked maskedLatents,
) (tensor.Tensor, error) {
	var done []tensor.Tensor
	for _, g := range p.groups(pass) {
		latents, err := p.sampleGroup(ctx, pass, g.first, g.last, latentsOfTiles(from, g.first, g.last), masked)
		if err != nil {
			return tensor.Tensor{}, err
		}
		done = append(done, latents)
	}
	return tensor.Concat(done...)
}

// latentsOfTiles returns the latents of a group's tiles. One latent for all of them is repeated.
func latentsOfTiles(t *tensor.Tensor, first, last int) *tensor.Tensor {
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

// sampleGroup samples the tiles from first to last-1 of one pass, beginning with latents of an image unless from is
// nil.
func (p *run) sampleGroup(
	ctx context.Context, pass pass, first, last int, from *tensor.Tensor, masked maskedLatents,
) (tensor.Tensor, error) {
	sources, drawn := p.noiseSources(pass, first, last)
	masked.latents = latentsOfTiles(masked.latents, first, last)
	if pass.draws.initImage {
		latents := p.initImage.latent.sample(drawn.initImage)
		from, masked.latents = &latents, &latents
	}
	x := tensor.Scale(drawn.noise, float32(pass.plan.InitNoiseSigma))
	if from != nil && !pass.fromNoise {
		x = pass.plan.AddNoise(*from, drawn.noise)
	}
	prompts := p.conditioningOf(pass, first, last)
	prompts.tiling = pass.tiling
	if pass.inpaint != nil {
		prompts.inpaintChannels = pass.inpaint.channels(drawn.maskedImage)
	}
	denoise := p.parts.Config.Sampler.Denoiser(p.predictor(prompts, last-first))
	if masked.mask != nil {
		denoise = masked.wrapDenoiser(pass.plan, drawn.noise, denoise)
	}
	inputs := samplerInputs{p.samplerInputs(ctx, first)}
	inputs.Denoise = denoise
	inputs.Noise = func() tensor.Tensor { return drawAll(sources, pass.shape(p.parts.Config.Channels)) }
	inputs.BrownianPath = func(low, high float64) sampler.BrownianPath {
		return p.brownianPath(pass, first, last, low, high)
	}
	estimate := inputs.stopAfter(pass.steps, len(pass.plan.Steps))
	x, err := p.method.Sample(ctx, pass.plan, inputs.Inputs, x)
	if errors.Is(err, errStopped) {
		x, err = *estimate, nil
	}
	if err != nil || masked.mask == nil {
		return x, p.samplerRefusal(err)
	}
	return masked.finish(x), nil
}

// samplerRefusal says what a person can do about an error of the sampler.
func (p *run) samplerRefusal(err error) error {
	if !errors.Is(err, sampler.ErrNoStepFits) {
		return err
	}
	return refuseBecause(
		fmt.Sprintf("the sampler %s finds no step that is short enough for this image: choose another sampler",
			encode.SamplerTitle(p.spec.Sampler)), err)
}

// samplerInputs are those that do not depend on a pass. They report each step of a group whose first tile is first.
func (p *run) samplerInputs(ctx context.Context, first int) sampler.Inputs {
	return sampler.Inputs{
		OnStep: func(_ int, denoised tensor.Tensor) {
			p.previews.set(p.firstTile+first, denoised)
			p.progress.step(ctx, p.previews)
		},
		OnAttempt: func(denoised tensor.Tensor) {
			p.previews.set(p.firstTile+first, denoised)
			p.progress.attempt(ctx, p.previews)
		},
		Eta: p.spec.Eta,
	}
}

// samplerInputs can be stopped.
type samplerInputs struct{ sampler.Inputs }

// stopAfter ends the sampling before the call of the model that follows the last of these steps, with errStopped. What
// the model estimates at that step is the image then, as a preview shows it. It changes nothing if those are all steps.
func (i *samplerInputs) stopAfter(steps, all int) (estimate *tensor.Tensor) {
	estimate = new(tensor.Tensor)
	if steps >= all {
		return estimate
	}
	done, denoise, onStep := 0, i.Denoise, i.OnStep
	i.OnStep = func(step int, denoised tensor.Tensor) {
		if done++; done == steps {
			*estimate = denoised
		}
		if done <= steps {
			onStep(step, denoised)
		}
	}
	i.Denoise = func(ctx context.Context, x tensor.Tensor, s sampler.Step) (tensor.Tensor, error) {
		if done >= steps {
			return tensor.Tensor{}, errStopped
		}
		return denoise(ctx, x, s)
	}
	return estimate
}
