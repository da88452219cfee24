package sampler

import (
	"errors"
	"fmt"
)

// Prediction says what a model's output means.
type Prediction string

// The predictions.
const (
	Epsilon  Prediction = "epsilon"      // the noise
	Velocity Prediction = "v_prediction" // √ᾱ·noise − √(1−ᾱ)·x₀
	Sample   Prediction = "sample"       // x₀ itself
)

// The beta schedules.
const (
	ScaledLinear = "scaled_linear" // linear in √β: every Stable Diffusion
	Linear       = "linear"
)

// The spacings of times over the training steps.
const (
	Leading  = "leading"
	Linspace = "linspace"
	Trailing = "trailing"
)

// Config is what a model's scheduler_config.json says about its training.
type Config struct {
	TrainSteps           int          // num_train_timesteps
	BetaStart            float64      // beta_start
	BetaEnd              float64      // beta_end
	BetaSchedule         string       // beta_schedule
	Prediction           Prediction   // prediction_type
	Spacing              string       // timestep_spacing; empty for each sampler's own default, as older folders have it
	StepsOffset          int          // steps_offset; only for leading spacing
	SetAlphaToOne        *bool        // set_alpha_to_one: of DDIM and PNDM; nil for each one's own default
	ZeroSNR              bool         // rescale_betas_zero_snr
	RungeKutta           bool         // skip_prk_steps is false: PNDM begins with steps of four calls
	OriginalSteps        int          // original_inference_steps: of the schedule of a distillation; 0 for 50
	Img2ImgTakesAllSteps bool         // img2img with lcm takes all of its steps: see family.LCMPipeline
	AlignedSteps         AlignedSteps // of the model's architecture; zero for Stable Diffusion 1's
}

// StableDiffusion returns the configuration of Stable Diffusion 1.
func StableDiffusion() Config {
	return Config{
		TrainSteps: 1000, BetaStart: 0.00085, BetaEnd: 0.012, BetaSchedule: ScaledLinear,
		Prediction: Epsilon, StepsOffset: 1, SetAlphaToOne: new(bool),
	}
}

// Check reports everything in the configuration that this package cannot follow, joined, or nil.
func (c Config) Check() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("scheduler: "+format, a...)) }
	if c.TrainSteps < 2 || c.TrainSteps > 100000 {
		bad("%d training steps: want 2 to 100000", c.TrainSteps)
	}
	if !(c.BetaStart > 0 && c.BetaStart <= c.BetaEnd && c.BetaEnd < 1) {
		bad("betas %v to %v: want 0 < start ≤ end < 1", c.BetaStart, c.BetaEnd)
	}
	if c.BetaSchedule != ScaledLinear && c.BetaSchedule != Linear {
		bad("beta schedule %q: want %q or %q", c.BetaSchedule, ScaledLinear, Linear)
	}
	switch c.Prediction {
	case Epsilon, Velocity, Sample:
	default:
		bad("prediction type %q: want %q, %q or %q", c.Prediction, Epsilon, Velocity, Sample)
	}
	switch c.Spacing {
	case "", Leading, Linspace, Trailing:
	default:
		bad("timestep spacing %q: want %q, %q or %q", c.Spacing, Leading, Linspace, Trailing)
	}
	if c.StepsOffset < 0 || c.StepsOffset >= max(c.TrainSteps, 1) {
		bad("steps offset %d: want 0 to %d", c.StepsOffset, c.TrainSteps-1)
	}
	if c.OriginalSteps < 0 || c.OriginalSteps > c.TrainSteps {
		bad("%d original inference steps: want 1 to %d", c.OriginalSteps, c.TrainSteps)
	}
	return errors.Join(errs...)
}

// spacing returns the configured spacing, or the default of the sampler's class.
func (c Config) spacing(ownDefault string) string {
	if c.Spacing == "" {
		return ownDefault
	}
	return c.Spacing
}

// alphaToOne says whether the last step ends without any noise, as the folder says or as the sampler's class does.
func (c Config) alphaToOne(ownDefault bool) bool {
	if c.SetAlphaToOne == nil {
		return ownDefault
	}
	return *c.SetAlphaToOne
}
