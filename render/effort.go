package render

import (
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/sampler"
)

// Traits are a model's properties that decide how often its UNet is called.
type Traits = sampler.Traits

// Traits returns those of a model.
func (c Config) Traits() Traits {
	return Traits{
		Img2ImgTakesAllSteps: c.Sampler.Img2ImgTakesAllSteps, RungeKutta: c.Sampler.RungeKutta,
		InpaintKeepsRungeKutta: c.InpaintKeepsRungeKutta(), Inpaint: c.Extra != nil,
	}
}

// traitsFor returns the traits that hold with an init image, nil for none. diffusers' inpainting pipeline of Stable
// Diffusion 1 and 2 has PNDM skip its Runge-Kutta steps whatever the folder says. Latent consistency models have no
// inpainting pipeline of their own, so img2img with a mask is that of other models.
func traitsFor(init *picture.Init, t Traits) Traits {
	if t.Inpaint || init != nil && (init.Mask != nil || init.Placement != nil) {
		t.RungeKutta = t.RungeKutta && t.InpaintKeepsRungeKutta
		t.Img2ImgTakesAllSteps = false
	}
	return t
}

// Effort estimates the work of a Spec, to compare one Spec with another: UNet calls, times prompts (a prompt with its
// negative counts 1), times megapixels. What traits do not say (that a model needs no negative prompt, for example)
// is wrong by the same factor for all Specs of a model.
func Effort(s picture.Spec, t Traits) float64 {
	m, err := sampler.Find(s.Dialect, s.Sampler)
	if err != nil {
		m = sampler.Method{} // one call a step
	}
	mega, share := float64(s.Width)*float64(s.Height)/1e6, 1.0
	if s.Init != nil {
		share = s.Init.Strength
	}
	t = traitsFor(s.Init, t)
	c := sampler.Config{Img2ImgTakesAllSteps: t.Img2ImgTakesAllSteps, RungeKutta: t.RungeKutta}
	if inWindows(s) {
		w := s.Init.Window
		windows := len(planGround(s, picture.SizeMultiple).windows)
		mega = float64(windows) * float64(w.Width) * float64(w.Height) / 1e6
	}
	effort := m.EstimateCalls(c, s.Steps, share) * mega
	if s.Stop > 0 {
		effort *= float64(s.Stop) / 100
	}
	if again := s.Hires; again != nil {
		effort += m.EstimateHiresCalls(again.Steps, again.Strength) * mega * again.Scale * again.Scale
	}
	if u := s.Upscale; u != nil && u.Strength > 0 {
		effort += m.EstimateHiresCalls(u.Steps, u.Strength) * mega * u.Scale * u.Scale
	}
	return effort * float64(s.Count) * promptsPerCall(s) / 2
}

// promptsPerCall is how many prompts the UNet reads at once for a tile, the negative one included: the mean of all
// tiles.
func promptsPerCall(s picture.Spec) (mean float64) {
	tiles := s.Prompts()
	for _, t := range tiles {
		one := s
		one.Prompt = t.Prompt
		mean += promptsPerTile(one) / float64(len(tiles))
	}
	return mean
}

func promptsPerTile(s picture.Spec) float64 {
	terms, err := prompt.ReadingOf(s).Terms(s.Notation, s.Prompt)
	if err != nil {
		return 2
	}
	if len(terms) == 1 && s.GuidanceScale <= 1 {
		return 1
	}
	return float64(len(terms) + 1)
}
