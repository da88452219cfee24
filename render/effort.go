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
	mega, share := float64(s.Width)*float64(s.Height)/1e6, 1.0
	if s.Init != nil {
		share = s.Init.Strength
	}
	effort := asks(s, float64(s.Steps)*share, share) * mega
	if h := s.Hires; h != nil { // all of its steps are walked, whatever its strength
		effort += asks(s, float64(h.Steps), h.Strength) * mega * h.Scale * h.Scale
	}
	return effort * float64(s.Count) * rows(s) / 2
}

// asks is how often a walk asks the UNet that takes so many steps over a share of the way.
func asks(s picture.Spec, steps, share float64) float64 {
	m, err := sampler.Find(sampler.Dialect(s.Dialect), s.Sampler)
	if err != nil {
		return steps
	}
	return m.Calls(steps, share)
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
