package render

import (
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/sampler"
)

// Traits are what decides, beside a Spec, how often a model's UNet is called.
type Traits = sampler.Traits

// Traits returns those of a model.
func (c Config) Traits() Traits {
	return Traits{Img2ImgTakesAllSteps: c.Sampler.Img2ImgTakesAllSteps, RungeKutta: c.Sampler.RungeKutta, InpaintKeepsRungeKutta: c.Sampler.SDXL, Inpaint: c.Inpaint}
}

// traitsFor returns the traits that count for a start picture, nil for none. diffusers' inpainting pipeline of Stable
// Diffusion 1 and 2 lets PNDM skip its Runge-Kutta steps whatever the folder says. Latent consistency models have no
// inpainting pipeline of their own, so they are inpainted by that pipeline too.
func traitsFor(init *picture.Init, h Traits) Traits {
	if h.Inpaint || init != nil && (init.Mask != nil || init.Placement != nil) {
		h.RungeKutta = h.RungeKutta && h.InpaintKeepsRungeKutta
		h.Img2ImgTakesAllSteps = false
	}
	return h
}

// Effort is what painting a Spec asks of its model, for comparing one Spec with another: how often the UNet is asked,
// times the prompts that lead it (a prompt with its negative counts 1), times the megapixels. What a model does in no
// dialect's usual way and its habits do not tell (one that needs no negative prompt) is as wrong for all of its Specs.
func Effort(s picture.Spec, h Traits) float64 {
	m, err := sampler.Find(sampler.Dialect(s.Dialect), s.Sampler)
	if err != nil {
		m = sampler.Method{} // asks once a step
	}
	mega, share := float64(s.Width)*float64(s.Height)/1e6, 1.0
	if s.Init != nil {
		share = s.Init.Strength
	}
	h = traitsFor(s.Init, h)
	effort := m.EstimateCalls(sampler.Config{Img2ImgTakesAllSteps: h.Img2ImgTakesAllSteps, RungeKutta: h.RungeKutta}, s.Steps, share) * mega
	if again := s.Hires; again != nil {
		effort += m.EstimateHiresCalls(again.Steps, again.Strength) * mega * again.Scale * again.Scale
	}
	return effort * float64(s.Count) * promptsPerCall(s) / 2
}

// rows is how many prompts the UNet is shown at once, the negative one included.
func promptsPerCall(s picture.Spec) float64 {
	terms, err := prompt.Terms(s.Notation, s.Prompt)
	if err != nil {
		return 2
	}
	if len(terms) == 1 && s.GuidanceScale <= 1 {
		return 1
	}
	return float64(len(terms) + 1)
}
