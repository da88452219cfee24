package render

import (
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/sampler"
)

// Habits are a model's own ways that decide how often its UNet is asked, as a card tells them. The zero value has none.
type Traits struct {
	Img2ImgTakesAllSteps bool `json:"whole_repaints,omitempty"` // see sampler.Config
	RungeKutta           bool `json:"runge_kutta,omitempty"`    // likewise
	// InpaintKeepsRungeKutta is the family's. Its name in cards is from when SDXL was the only such family.
	InpaintKeepsRungeKutta bool `json:"xl,omitempty"`
	Inpaint                bool `json:"inpaint,omitempty"` // its UNet reads a mask
}

// Habits are those of a model.
func (c Config) Traits() Traits {
	return Traits{
		Img2ImgTakesAllSteps: c.Sampler.Img2ImgTakesAllSteps, RungeKutta: c.Sampler.RungeKutta,
		InpaintKeepsRungeKutta: c.InpaintKeepsRungeKutta(), Inpaint: c.Extra != nil,
	}
}

// from returns what is left of the habits over a start picture, nil for none. diffusers' inpainting pipeline of Stable
// Diffusion 1 and 2 has PNDM skip its steps of Runge and Kutta's whatever the folder says, and latent consistency models,
// which have no inpainting pipeline of their own, are repainted by it as others are.
func (h Traits) forInit(init *picture.Init) Traits {
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
	h = h.forInit(s.Init)
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
