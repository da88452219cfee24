package onnx

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Config is the arithmetic that a model was trained for, from the folder's own configuration files.
type Config struct {
	Pipeline   string // the class in model_index.json
	Prediction string // "epsilon", "v_prediction" or "sample": what the UNet's output is

	// The noise schedule it was trained with.
	Scheduler       string  // the class in scheduler_config.json
	TrainSteps      int     // usually 1000
	BetaStart       float64 // usually 0.00085
	BetaEnd         float64 // usually 0.012
	BetaSchedule    string  // "scaled_linear" or "linear"
	RescaleZeroSNR  bool    // rescale_betas_zero_snr
	TimestepSpacing string  // "leading", "trailing", "linspace" or "" (the scheduler class's own)
	StepsOffset     int
	SetAlphaToOne   bool

	ScalingFactor   float64 // latents are multiplied by it for the UNet, and divided before decoding
	LatentChannels  int     // 4
	PixelsPerLatent int     // 8 pixels on a side of one latent
	TextLength      int     // tokens in a chunk, 77
	TextWidth       int     // numbers per token
	Native          Size    // the square size it was trained at; zero where it does not say

	// What the exported files limit.
	Chunks              int  // chunks of TextLength tokens a prompt may have; 0 for any number
	Fixed               Size // the only size they paint; zero for any
	FractionalTimesteps bool // false where the UNet takes whole timesteps only
	Multiple            int  // what the sides of a picture are multiples of, as the UNet halves its latents again and again
	CanEncode           bool // there is a vae_encoder, so pictures can be started from
}

// families maps a word in the pipeline's class to the family that is not understood yet.
func family(class string) string {
	for _, f := range [][2]string{{"StableDiffusionXL", "SDXL"}, {"StableDiffusion3", "Stable Diffusion 3"}, {"Flux", "Flux"},
		{"LatentConsistency", "LCM"}, {"Inpaint", "inpainting"}, {"InstructPix2Pix", "InstructPix2Pix"}, {"ControlNet", "ControlNet"}} {
		if strings.Contains(class, f[0]) {
			return f[1]
		}
	}
	return ""
}

// readIndex reads model_index.json and refuses the families that are not understood.
func readIndex(dir string, c *Config) error {
	var index struct {
		Class string `json:"_class_name"`
	}
	path := filepath.Join(dir, "model_index.json")
	if err := readJSON(path, &index); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: no model folder: want the ONNX layout of a Stable Diffusion pipeline (model_index.json, tokenizer, text_encoder, unet, vae_decoder, scheduler)", dir)
		}
		return err
	}
	c.Pipeline = index.Class
	if f := family(index.Class); f != "" {
		return fmt.Errorf("%s: a %s model (%s); only Stable Diffusion 1 and 2 are understood so far", path, f, index.Class)
	}
	if !strings.Contains(index.Class, "StableDiffusion") {
		return fmt.Errorf("%s: pipeline %q, want a StableDiffusionPipeline", path, index.Class)
	}
	return nil
}

// readScheduler reads the noise schedule. What an old file leaves out is diffusers' default for it.
func readScheduler(dir string, c *Config) error {
	path := filepath.Join(dir, "scheduler", "scheduler_config.json")
	s := struct {
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
	}{TrainSteps: 1000, BetaStart: 0.0001, BetaEnd: 0.02, BetaSchedule: "linear", Prediction: "epsilon"}
	if err := readJSON(path, &s); err != nil {
		return err
	}
	switch {
	case s.TrainedBetas != nil:
		return fmt.Errorf("%s: trained_betas is not understood, want beta_start, beta_end and beta_schedule", path)
	case s.BetaSchedule != "scaled_linear" && s.BetaSchedule != "linear":
		return fmt.Errorf("%s: beta_schedule %q, want scaled_linear or linear", path, s.BetaSchedule)
	case s.Prediction != "epsilon" && s.Prediction != "v_prediction" && s.Prediction != "sample":
		return fmt.Errorf("%s: prediction_type %q, want epsilon, v_prediction or sample", path, s.Prediction)
	case s.TrainSteps < 1 || s.TrainSteps > 1e6 || !(0 < s.BetaStart && s.BetaStart <= s.BetaEnd && s.BetaEnd < 1):
		return fmt.Errorf("%s: %d steps from beta %v to %v is no noise schedule", path, s.TrainSteps, s.BetaStart, s.BetaEnd)
	}
	c.Scheduler, c.TrainSteps, c.BetaStart, c.BetaEnd, c.BetaSchedule = s.Class, s.TrainSteps, s.BetaStart, s.BetaEnd, s.BetaSchedule
	c.Prediction, c.RescaleZeroSNR, c.TimestepSpacing, c.StepsOffset = s.Prediction, s.Rescale, s.Spacing, s.StepsOffset
	c.SetAlphaToOne = s.SetAlphaToOne == nil || *s.SetAlphaToOne
	return nil
}

// readVAE reads the latents' scale. The file is absent in old exports, which are all of Stable Diffusion's own VAE.
func readVAE(dir string, c *Config) error {
	path := filepath.Join(dir, "vae_decoder", "config.json")
	v := struct {
		ScalingFactor *float64  `json:"scaling_factor"`
		ShiftFactor   *float64  `json:"shift_factor"`
		Mean          []float64 `json:"latents_mean"`
		Channels      int       `json:"latent_channels"`
		Blocks        []int     `json:"block_out_channels"`
	}{Channels: 4}
	if err := readJSON(path, &v); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	c.LatentChannels, c.PixelsPerLatent, c.ScalingFactor = v.Channels, 8, 0.18215 // Stable Diffusion 1 and 2
	if v.ScalingFactor != nil {
		c.ScalingFactor = *v.ScalingFactor
	}
	if n := len(v.Blocks); n > 0 {
		c.PixelsPerLatent = 1 << min(n-1, 16) // each block but the last halves the picture
	}
	switch {
	case v.Mean != nil || v.ShiftFactor != nil && *v.ShiftFactor != 0:
		return fmt.Errorf("%s: latents_mean and shift_factor are not understood, want latents with a scaling_factor only", path)
	case !(c.ScalingFactor > 0):
		return fmt.Errorf("%s: scaling_factor %v, want a positive number", path, c.ScalingFactor)
	case c.LatentChannels != 4 || c.PixelsPerLatent != 8:
		return fmt.Errorf("%s: latents of %d channels for %d pixels, want 4 channels for 8 pixels", path, c.LatentChannels, c.PixelsPerLatent)
	}
	return nil
}

// usualMultiple is what Stable Diffusion 1 and 2 take: 8 pixels a latent, halved three times.
const usualMultiple = 64

// readSizes reads what the text encoder and the UNet say of their sizes; both files are absent in old exports.
func readSizes(dir string, c *Config) error {
	text := struct {
		Length int `json:"max_position_embeddings"`
		Width  int `json:"hidden_size"`
	}{Length: 77}
	if err := readJSON(filepath.Join(dir, "text_encoder", "config.json"), &text); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var unet struct {
		Side   any      `json:"sample_size"` // a number of latents, rarely [height, width]
		Width  any      `json:"cross_attention_dim"`
		Blocks []string `json:"down_block_types"`
	}
	if err := readJSON(filepath.Join(dir, "unet", "config.json"), &unet); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	c.TextLength, c.TextWidth = text.Length, text.Width
	if w, ok := unet.Width.(float64); ok && c.TextWidth == 0 {
		c.TextWidth = int(w)
	}
	if side, ok := unet.Side.(float64); ok && side > 0 {
		c.Native = Size{int(side) * c.PixelsPerLatent, int(side) * c.PixelsPerLatent}
	}
	c.Multiple = usualMultiple
	if n := len(unet.Blocks); n > 0 {
		c.Multiple = c.PixelsPerLatent << min(n-1, 8) // each block but the last halves the latents
	}
	if c.TextLength < 3 || c.TextLength > 1024 {
		return fmt.Errorf("%s: max_position_embeddings %d, want 77", filepath.Join(dir, "text_encoder", "config.json"), c.TextLength)
	}
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
