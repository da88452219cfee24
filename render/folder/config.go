package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"darkroom/render/family"
)

// Config is what the folder's configuration files say of a model.
type Config struct {
	family.Kind
	Pipeline   string // the class in model_index.json
	Prediction string // "epsilon", "v_prediction" or "sample": what the UNet's output is
	Float16    bool   // the UNet computes in float16

	// The noise schedule it was trained with.
	Scheduler       string  // the class in scheduler_config.json
	TrainSteps      int     // usually 1000
	BetaStart       float64 // usually 0.00085
	BetaEnd         float64 // usually 0.012
	BetaSchedule    string  // "scaled_linear" or "linear"
	RescaleZeroSNR  bool    // rescale_betas_zero_snr
	TimestepSpacing string  // "leading", "trailing", "linspace" or "" (the scheduler class's own)
	StepsOffset     int
	SetAlphaToOne   *bool // nil where the folder does not say: the classes' own defaults differ
	SkipPRK         bool  // skip_prk_steps: PNDM begins without Runge-Kutta steps
	OriginalSteps   int   // original_inference_steps, of the schedule it was distilled on; 0 where it does not say

	ScalingFactor       float64 // latents are multiplied by it for the UNet, and divided before decoding
	LatentChannels      int     // 4
	PixelsPerLatent     int     // 8 pixels on a side of one latent
	TextLength          int     // tokens in a chunk, 77
	TextWidth           int     // numbers per token; of SDXL's two encoders together
	PooledWidth         int     // numbers of SDXL's pooled vector; 0 for other families
	ZerosForEmptyPrompt bool    // an empty negative prompt is a vector of zeros (force_zeros_for_empty_prompt)
	NativeSize          Size    // the square size it was trained at; zero where it does not say

	// What the exported files limit.
	MaxChunks           int  // chunks of TextLength tokens a prompt may have; 0 for any number
	FixedSize           Size // the only size that the networks take; zero for any
	FractionalTimesteps bool // false where the UNet takes whole timesteps only
	SizeMultiple        int  // what the sides of an image are multiples of, since the UNet halves its latents
	CanEncode           bool // there is a vae_encoder, so there is img2img
	SupportsSeamless    bool // the convolutions of UNet and VAE can pad circularly, see onnx.Model.Seamless
	SkippableLayers     int  // how many last layers of the text encoder can be left out
}

// UnetChannels is how many channels the UNet reads.
func (c Config) UnetChannels() int {
	if c.Extra != nil {
		return c.LatentChannels + c.Extra.Channels
	}
	return c.LatentChannels
}

// textEncoderConfig is what a text encoder's config.json says; zero where it does not.
type textEncoderConfig struct{ width, layers, pooled int }

// schedulerConfig is what scheduler_config.json says.
type schedulerConfig struct {
	Class         string    `json:"_class_name"`
	TrainSteps    int       `json:"num_train_timesteps"`
	BetaStart     float64   `json:"beta_start"`
	BetaEnd       float64   `json:"beta_end"`
	BetaSchedule  string    `json:"beta_schedule"`
	TrainedBetas  []float64 `json:"trained_betas"`
	Prediction    string    `json:"prediction_type"`
	Rescale       bool      `json:"rescale_betas_zero_snr"`
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
	c.Prediction, c.RescaleZeroSNR, c.TimestepSpacing, c.StepsOffset = s.Prediction, s.Rescale, s.Spacing, s.StepsOffset
	c.SetAlphaToOne = s.SetAlphaToOne
	c.SkipPRK, c.OriginalSteps = s.SkipPRK, s.OriginalSteps
	if pipelineOverrides(c) {
		c.StepsOffset = 1
	}
	return nil
}

// readVAE reads the scale of the latents. Old exports have no such file; they all have Stable Diffusion's own VAE.
func (f *Folder) readVAE() error {
	c := &f.Config
	path := filepath.Join(f.Dir, "vae_decoder", "config.json")
	v := struct {
		ScalingFactor *float64  `json:"scaling_factor"`
		ShiftFactor   *float64  `json:"shift_factor"`
		Mean          []float64 `json:"latents_mean"`
		Channels      int       `json:"latent_channels"`
		Blocks        []int     `json:"block_out_channels"`
	}{Channels: c.Family.Latents.Channels}
	if err := readJSON(path, &v); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	latents := c.Family.Latents
	c.LatentChannels, c.PixelsPerLatent, c.ScalingFactor = v.Channels, latents.PixelsPerLatent, latents.ScalingFactor
	if v.ScalingFactor != nil {
		c.ScalingFactor = *v.ScalingFactor
	}
	if n := len(v.Blocks); n > 0 {
		c.PixelsPerLatent = 1 << min(n-1, 16) // each block but the last halves the image
	}
	switch {
	case v.Mean != nil || v.ShiftFactor != nil && *v.ShiftFactor != 0:
		return fmt.Errorf(
			"%s: latents_mean and shift_factor are not supported, want latents with a scaling_factor only", path,
		)
	case !(c.ScalingFactor > 0):
		return fmt.Errorf("%s: scaling_factor %v, want a positive number", path, c.ScalingFactor)
	case c.LatentChannels != latents.Channels || c.PixelsPerLatent != latents.PixelsPerLatent:
		return fmt.Errorf("%s: latents of %d channels for %d pixels, want %d channels for %d pixels",
			path, c.LatentChannels, c.PixelsPerLatent, latents.Channels, latents.PixelsPerLatent)
	}
	return nil
}

// readUnet reads what the UNet says of its sizes; the file is absent in old exports.
func (f *Folder) readUnet() error {
	c := &f.Config
	unet := struct {
		Side     any      `json:"sample_size"` // a number of latents, rarely [height, width]
		Width    any      `json:"cross_attention_dim"`
		Blocks   []string `json:"down_block_types"`
		Channels int      `json:"in_channels"`
		Cond     int      `json:"time_cond_proj_dim"`
	}{Channels: c.LatentChannels}
	if err := readJSON(filepath.Join(f.Dir, unetPart, "config.json"), &unet); err != nil &&
		!errors.Is(err, os.ErrNotExist) {
		return err
	}
	if w, ok := unet.Width.(float64); ok {
		c.TextWidth = int(w)
	}
	if side, ok := unet.Side.(float64); ok && side > 0 {
		c.NativeSize = Size{Width: int(side) * c.PixelsPerLatent, Height: int(side) * c.PixelsPerLatent}
	} else {
		c.NativeSize = Size{Width: c.Family.NativeSide, Height: c.Family.NativeSide}
	}
	c.SizeMultiple = c.Family.SizeMultiple
	if n := len(unet.Blocks); n > 0 {
		c.SizeMultiple = c.PixelsPerLatent << min(n-1, 8) // each block but the last halves the latents
	}
	c.Extra, f.timeCondDim = family.FindExtraInput(unet.Channels-c.LatentChannels), unet.Cond
	return nil
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
