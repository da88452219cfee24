package folder

import (
	"errors"
	"fmt"
	"path/filepath"
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

// schedulerConfig is what scheduler_config.json says.
type schedulerConfig struct {
	Class         string    `json:"_class_name"`
	TrainSteps    int       `json:"num_train_timesteps"`
	BetaStart     float64   `json:"beta_start"`
	BetaEnd       float64   `json:"beta_end"`
	BetaSchedule  string    `json:"beta_schedule"`
	TrainedBetas  []float64 `json:"trained_betas"`
	Prediction    string    `json:"prediction_type"`
	ZeroSNR       bool      `json:"rescale_betas_zero_snr"`
	Spacing       string    `json:"timestep_spacing"`
	StepsOffset   int       `json:"steps_offset"`
	SetAlphaToOne *bool     `json:"set_alpha_to_one"`
	SkipPRK       bool      `json:"skip_prk_steps"`
	OriginalSteps int       `json:"original_inference_steps"`
	schedulerTraits
}

// checkNoise tells what in the noise schedule is not supported.
func (s *schedulerConfig) checkNoise() error {
	switch {
	case s.TrainedBetas != nil:
		return errors.New("trained_betas is not supported, want beta_start, beta_end and beta_schedule")
	case s.BetaSchedule != "scaled_linear" && s.BetaSchedule != "linear":
		return fmt.Errorf("beta_schedule %q, want scaled_linear or linear", s.BetaSchedule)
	case s.Prediction != "epsilon" && s.Prediction != "v_prediction" && s.Prediction != "sample":
		return fmt.Errorf("prediction_type %q, want epsilon, v_prediction or sample", s.Prediction)
	case s.TrainSteps < 1 || s.TrainSteps > 1e6 || !(0 < s.BetaStart && s.BetaStart <= s.BetaEnd && s.BetaEnd < 1):
		return fmt.Errorf("%d steps from beta %v to %v is no noise schedule", s.TrainSteps, s.BetaStart, s.BetaEnd)
	}
	return nil
}

// readScheduler reads the noise schedule. What an old file leaves out is diffusers' default for it.
func (f *Folder) readScheduler() error {
	c := &f.Config
	path := filepath.Join(f.Dir, "scheduler", "scheduler_config.json")
	s := schedulerConfig{
		TrainSteps: 1000, BetaStart: 0.0001, BetaEnd: 0.02, BetaSchedule: "linear", Prediction: "epsilon",
	}
	if err := readJSON(path, &s); err != nil {
		return err
	}
	if err := s.checkNoise(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := s.schedulerTraits.check(s.Class, c); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	c.Scheduler, c.TrainSteps = s.Class, s.TrainSteps
	c.BetaStart, c.BetaEnd, c.BetaSchedule = s.BetaStart, s.BetaEnd, s.BetaSchedule
	c.Prediction, c.ZeroSNR, c.TimestepSpacing, c.StepsOffset = s.Prediction, s.ZeroSNR, s.Spacing, s.StepsOffset
	c.SetAlphaToOne = s.SetAlphaToOne == nil || *s.SetAlphaToOne
	c.SkipPRK, c.OriginalSteps = s.SkipPRK, s.OriginalSteps
	if pipelineOverrides(c) {
		c.StepsOffset = 1
	}
	return nil
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
