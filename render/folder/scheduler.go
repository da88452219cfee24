package folder

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"darkroom/render/family"
)

// schedulers are diffusers' classes that share one noise schedule, so that a model of one can be sampled with any
// other. EDM and flow matching have schedules of their own.
var schedulers = []string{
	"", // an old file may not say
	"DDIMScheduler", "DDIMParallelScheduler", "DDPMScheduler", "DDPMParallelScheduler", "PNDMScheduler",
	"LMSDiscreteScheduler", "EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler",
	"KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "DPMSolverMultistepScheduler",
	"DPMSolverSinglestepScheduler", "DPMSolverSDEScheduler", "DEISMultistepScheduler", "UniPCMultistepScheduler",
	"SASolverScheduler", "LCMScheduler", "TCDScheduler",
}

// schedulerTraits are settings of a scheduler that no sampler here follows.
type schedulerTraits struct {
	ClipSample   *bool  `json:"clip_sample"`
	Thresholding bool   `json:"thresholding"`
	TimestepType string `json:"timestep_type"` // "discrete", or "continuous" in Stable Video Diffusion and EDM
}

// check refuses settings without which the model would generate other images.
func (s schedulerTraits) check(class string, c *Config) error {
	switch {
	case !slices.Contains(schedulers, strings.TrimPrefix(class, "Flax")):
		return fmt.Errorf(
			"the scheduler %q is not supported, want one of Stable Diffusion's, such as PNDMScheduler or EulerDiscreteScheduler",
			class,
		)
	case s.TimestepType != "" && s.TimestepType != "discrete":
		return fmt.Errorf("timestep_type %q is not supported, want discrete", s.TimestepType)
	case s.Thresholding:
		return errors.New("thresholding is not supported, want false: it is for models that generate pixels")
	case s.clips(class) && !pipelineOverrides(c):
		return errors.New("clip_sample is not supported, want false: it is for models that generate pixels")
	}
	return nil
}

// clips says whether diffusers' scheduler clips its estimates. A file that does not say leaves it to the class.
func (s schedulerTraits) clips(class string) bool {
	if s.ClipSample != nil {
		return *s.ClipSample
	}
	return strings.HasPrefix(class, "DDIM") || strings.HasPrefix(class, "DDPM")
}

// pipelineOverrides says whether the pipeline sets clip_sample to false and steps_offset to 1 whatever the file says,
// as diffusers' pipelines of Stable Diffusion 1 and 2 do. Those of SDXL and of latent consistency models do not.
func pipelineOverrides(c *Config) bool {
	return c.Family.PipelineSetsScheduler && !family.LCMPipeline(c.Pipeline)
}
