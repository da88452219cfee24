package folder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"darkroom/render/family"
	"darkroom/render/filehash"
)

// Config is what the folder's configuration files say of a model.
type Config struct {
	family.Kind
	Pipeline   string // the class in model_index.json
	Prediction string // "epsilon", "v_prediction" or "sample": what the UNet's output is
	Float16    bool   // the UNet computes in float16
	Weights    string // the element type of a checkpoint's weights, "float16" for example; "" for a folder

	// The noise schedule it was trained with.
	Scheduler       string  // the class in scheduler_config.json
	TrainSteps      int     // usually 1000
	BetaStart       float64 // usually 0.00085
	BetaEnd         float64 // usually 0.012
	BetaSchedule    string  // "scaled_linear" or "linear"
	ZeroSNR         bool    // rescale_betas_zero_snr
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
	NativeSize          Size    // the size it was trained at; zero where it does not say

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

// readJSON reads a JSON file as Python writes it: -Infinity, Infinity and NaN, which JSON does not have, count as null.
// diffusers saves the first as lambda_min_clipped of every DPMSolverMultistepScheduler. A mark that some editors put
// first tells the encoding: UTF-8, or UTF-16 as PowerShell writes it. Errors name line and column.
func readJSON(path string, into any) error {
	data, err := filehash.ReadSmall(path)
	if err != nil {
		return err
	}
	if data, _, err = transform.Bytes(unicode.BOMOverride(transform.Nop), data); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	err = json.Unmarshal(data, into)
	if err == nil {
		return nil
	}
	if other := nullNonFinite(data); bytes.Equal(other, data) || json.Unmarshal(other, into) != nil {
		return fmt.Errorf("%s%s: %w", path, position(data, err), err)
	}
	return nil
}

// position is ":line:column", in bytes from 1, of what an error found in a JSON text; "" if the error does not tell.
func position(data []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	at := int64(0)
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	}
	if at < 1 || at > int64(len(data)) {
		return ""
	}
	before := data[:at-1]
	return fmt.Sprintf(":%d:%d", 1+bytes.Count(before, []byte("\n")), len(before)-bytes.LastIndexByte(before, '\n'))
}

// nonFinite matches a text of JSON, which is left alone, or one of the numbers.
var nonFinite = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?Infinity|NaN`)

func nullNonFinite(data []byte) []byte {
	return nonFinite.ReplaceAllFunc(data, func(found []byte) []byte {
		if found[0] == '"' {
			return found
		}
		return []byte("null")
	})
}
