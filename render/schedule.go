package render

import (
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// ScheduleOf is the schedule of a model's training as a Spec holds it. What the architecture decides is left out.
func ScheduleOf(c sampler.Config) picture.Schedule {
	return picture.Schedule{
		TrainSteps: c.TrainSteps, BetaStart: c.BetaStart, BetaEnd: c.BetaEnd, BetaSchedule: c.BetaSchedule,
		Spacing: c.Spacing, StepsOffset: c.StepsOffset, SetAlphaToOne: c.SetAlphaToOne, RungeKutta: c.RungeKutta,
		OriginalSteps: c.OriginalSteps,
	}
}

// sampledAs returns a renderer that samples as a Spec says: where files beside a model decide that, they may say
// another thing by now. r itself where the Spec leaves it to the model's files.
func (r *Renderer) sampledAs(spec picture.Spec) (*Renderer, error) {
	if spec.Prediction == "" && spec.Schedule == nil {
		return r, nil
	}
	with := *r
	c := &with.parts.Config.Sampler
	if spec.Prediction != "" {
		c.Prediction, c.ZeroSNR = sampler.Prediction(spec.Prediction), spec.ZeroSNR
	}
	if s := spec.Schedule; s != nil {
		c.TrainSteps, c.BetaStart, c.BetaEnd, c.BetaSchedule = s.TrainSteps, s.BetaStart, s.BetaEnd, s.BetaSchedule
		c.Spacing, c.StepsOffset, c.SetAlphaToOne = s.Spacing, s.StepsOffset, s.SetAlphaToOne
		c.RungeKutta, c.OriginalSteps = s.RungeKutta, s.OriginalSteps
	}
	if err := c.Check(); err != nil {
		return nil, refuseBecause("this image's noise schedule cannot be followed", err)
	}
	return &with, nil
}
