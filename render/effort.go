package render

import (
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/sampler"
)

// Effort is what painting a Spec asks of its model, for comparing one Spec with another: how often the UNet is asked,
// times the prompts that lead it (a prompt with its negative counts 1), times the megapixels. What a model does in no
// dialect's usual way (one that needs no negative prompt) is as wrong for all of its Specs.
func Effort(s picture.Spec) float64 {
	mega := float64(s.Width) * float64(s.Height) / 1e6
	steps := float64(s.Steps)
	if s.Init != nil {
		steps *= s.Init.Strength
	}
	effort := steps * mega
	if h := s.Hires; h != nil {
		effort += float64(h.Steps) * mega * h.Scale * h.Scale // all of its steps are walked, whatever its strength
	}
	return effort * float64(s.Count) * asks(s) * rows(s) / 2
}

// asks is how often a step asks the UNet.
func asks(s picture.Spec) float64 {
	m, err := sampler.Find(sampler.Dialect(s.Dialect), s.Sampler)
	if err != nil {
		return 1
	}
	return float64(m.Asks())
}

// rows is how many prompts the UNet is shown at once, the negative one included.
func rows(s picture.Spec) float64 {
	terms, err := prompt.Terms(s.Notation, s.Prompt)
	if err != nil {
		return 2
	}
	if len(terms) == 1 && s.GuidanceScale <= 1 {
		return 1
	}
	return float64(len(terms) + 1)
}
