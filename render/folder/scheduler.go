package folder

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"darkroom/render/family"
)

// schedulers are diffusers' classes that share one noise schedule, so that a model of one can be sampled as by any other.
// EDM's and those of flow matching have schedules of their own.
var schedulers = []string{
	"", // an old file may not say
	"DDIMScheduler", "DDIMParallelScheduler", "DDPMScheduler", "DDPMParallelScheduler", "PNDMScheduler", "LMSDiscreteScheduler",
	"EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler", "KDPM2DiscreteScheduler",
	"KDPM2AncestralDiscreteScheduler", "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler", "DPMSolverSDEScheduler",
	"DEISMultistepScheduler", "UniPCMultistepScheduler", "SASolverScheduler", "LCMScheduler", "TCDScheduler",
}

// schedulerTraits are settings of a scheduler that no sampler follows here.
type schedulerTraits struct {
	ClipSample   *bool  `json:"clip_sample"`
	Thresholding bool   `json:"thresholding"`
	TimestepType string `json:"timestep_type"` // "discrete", or "continuous" in Stable Video Diffusion and EDM
}

// check refuses what would paint other pictures than the model was made for.
func (s schedulerTraits) check(class string, c *Config) error {
	switch {
	case !slices.Contains(schedulers, strings.TrimPrefix(class, "Flax")):
		return fmt.Errorf("the scheduler %q is not understood, want one of Stable Diffusion's, such as PNDMScheduler or EulerDiscreteScheduler", class)
	case s.TimestepType != "" && s.TimestepType != "discrete":
		return fmt.Errorf("timestep_type %q is not understood, want discrete", s.TimestepType)
	case s.Thresholding:
		return errors.New("thresholding is not understood, want false: it is for models that paint pixels")
	case s.clips(class) && !pipelineOverrides(c):
		return errors.New("clip_sample is not understood, want false: it is for models that paint pixels")
	}
	return nil
}

// clips tells whether diffusers' scheduler clips its estimates: a file that does not say leaves it to the class.
func (s schedulerTraits) clips(class string) bool {
	if s.ClipSample != nil {
		return *s.ClipSample
	}
	return strings.HasPrefix(class, "DDIM") || strings.HasPrefix(class, "DDPM")
}

// pipelineOverrides tells whether the pipeline sets clip_sample to false and steps_offset to 1 whatever the file says, as diffusers'
// pipelines of Stable Diffusion 1 and 2 do; those of SDXL and of latent consistency models do not.
func pipelineOverrides(c *Config) bool {
	return c.Family.PipelineSetsScheduler && !family.LCMPipeline(c.Pipeline)
}
