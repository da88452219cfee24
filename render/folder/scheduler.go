package folder

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"darkroom/render/family"
)

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

	// Settings of models that generate pixels, or of another schedule. No sampler here follows them.
	ClipSample   *bool  `json:"clip_sample"`
	Thresholding bool   `json:"thresholding"`
	TimestepType string `json:"timestep_type"` // "discrete", or "continuous" in Stable Video Diffusion and EDM
	FlowSigmas   bool   `json:"use_flow_sigmas"`

	class schedulerClass
	all   map[string]any // all settings, as they were decoded
}

// readScheduler reads the noise schedule and the folder's own scheduler. What the file leaves out is the class's
// default.
func (f *Model) readScheduler() error {
	path := filepath.Join(f.Dir, "scheduler", "scheduler_config.json")
	return f.setScheduler(path, func(into any) error { return readJSON(path, into) })
}

// setScheduler is readScheduler for a configuration that is called name and decoded by decode.
func (f *Model) setScheduler(name string, decode func(into any) error) error {
	c := &f.Config
	s, err := readSchedulerConfig(name, decode)
	if err != nil {
		return err
	}
	if err = s.checkNoise(); err == nil {
		err = s.checkEstimates(c)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.Scheduler, c.TrainSteps = s.Class, s.TrainSteps
	c.BetaStart, c.BetaEnd, c.BetaSchedule = s.BetaStart, s.BetaEnd, s.BetaSchedule
	c.Prediction, c.ZeroSNR, c.TimestepSpacing, c.StepsOffset = s.Prediction, s.ZeroSNR, s.Spacing, s.StepsOffset
	c.SetAlphaToOne = s.SetAlphaToOne
	c.SkipPRK, c.OriginalSteps = s.SkipPRK, s.OriginalSteps
	if pipelineOverrides(c) {
		c.StepsOffset = 1
	}
	f.Scheduler = s.own()
	return nil
}

// readSchedulerConfig decodes a configuration twice: for the class, and for its settings over the class's defaults.
func readSchedulerConfig(path string, decode func(into any) error) (*schedulerConfig, error) {
	s := &schedulerConfig{TrainSteps: 1000, Prediction: "epsilon"}
	if err := decode(&s.all); err != nil {
		return nil, err
	}
	name, _ := s.all["_class_name"].(string)
	class, known := schedulerClasses()[strings.TrimPrefix(name, "Flax")]
	if !known {
		return nil, fmt.Errorf(
			"%s: the scheduler %q is not supported, want one of Stable Diffusion's, such as PNDMScheduler or "+
				"EulerDiscreteScheduler",
			path, name,
		)
	}
	s.class, s.BetaStart, s.BetaEnd, s.BetaSchedule = class, class.betas.start, class.betas.end, class.betas.schedule
	return s, decode(s)
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
	case s.FlowSigmas && s.class.flows:
		return errors.New("use_flow_sigmas is not supported, want false: it is for flow matching")
	case s.class.continuous && s.TimestepType != "" && s.TimestepType != "discrete":
		return fmt.Errorf("timestep_type %q is not supported, want discrete", s.TimestepType)
	}
	return nil
}

// checkEstimates refuses changes to the model's estimates without which it would generate other images.
func (s *schedulerConfig) checkEstimates(c *Config) error {
	switch {
	case s.Thresholding && s.class.thresholds:
		return errors.New("thresholding is not supported, want false: it is for models that generate pixels")
	case s.clips() && !pipelineOverrides(c):
		return errors.New("clip_sample is not supported, want false: it is for models that generate pixels")
	}
	return nil
}

// clips says whether diffusers' scheduler clips its estimates. A file that does not say leaves it to the class.
func (s *schedulerConfig) clips() bool {
	if s.ClipSample != nil {
		return *s.ClipSample && s.class.clips
	}
	return s.class.clipsByDefault
}

// pipelineOverrides says whether the pipeline sets clip_sample to false and steps_offset to 1 whatever the file says,
// as diffusers' pipelines of Stable Diffusion 1 and 2 do. Those of SDXL and of latent consistency models do not.
func pipelineOverrides(c *Config) bool {
	return c.Family.PipelineSetsScheduler && !family.LCMPipeline(c.Pipeline)
}
