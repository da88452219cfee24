package checkpoint

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/phrase"
)

// ownCard is what a card beside a checkpoint says besides folder.Card: what the file itself cannot.
type ownCard struct {
	Prediction string         `json:"prediction"` // "epsilon", "v_prediction" or "sample"
	ZeroSNR    *bool          `json:"zero_snr"`
	Scheduler  map[string]any `json:"scheduler"` // settings of scheduler_config.json
	VAE        string         `json:"vae"`       // the name of one in place of its own, as A1111's metadata has it
}

// cardPath is the card of a checkpoint: NAME.json beside NAME.safetensors.
func cardPath(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) + ".json" }

func readOwnCard(path string) (ownCard, error) {
	data, err := filehash.ReadSmall(cardPath(path))
	if errors.Is(err, os.ErrNotExist) {
		return ownCard{}, nil
	}
	if err != nil {
		return ownCard{}, err
	}
	var own ownCard
	if err := json.Unmarshal(data, &own); err != nil {
		return ownCard{}, fmt.Errorf("%s: %w", filepath.Base(cardPath(path)), err)
	}
	return own, nil
}

// The schedulers of the repositories whose configurations diffusers' from_single_file takes.
func pndm() map[string]any {
	return map[string]any{
		"_class_name": "PNDMScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
		"beta_schedule": "scaled_linear", "prediction_type": "epsilon", "steps_offset": 1, "set_alpha_to_one": false,
		"skip_prk_steps": true, "clip_sample": false,
	}
}

func ddim() map[string]any {
	s := pndm()
	s["_class_name"] = "DDIMScheduler"
	return s
}

func euler() map[string]any {
	return map[string]any{
		"_class_name": "EulerDiscreteScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
		"beta_schedule": "scaled_linear", "prediction_type": "epsilon", "steps_offset": 1, "timestep_spacing": "leading",
		"interpolation_type": "linear", "use_karras_sigmas": false, "set_alpha_to_one": false, "skip_prk_steps": true,
	}
}

// fewSteps is how models for few steps are called, and the settings of their repositories' schedulers.
var fewSteps = []struct {
	name     *regexp.Regexp
	settings map[string]any
}{
	{part("Turbo"), map[string]any{"_class_name": "EulerAncestralDiscreteScheduler", "timestep_spacing": "trailing"}},
	{part("Lightning"), map[string]any{"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing"}},
	{word("hyper(?:sdx?l?)?"), map[string]any{"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing"}},
	{word("lcm|dmd2?"), map[string]any{"_class_name": "LCMScheduler", "timestep_spacing": "leading"}},
	{word("tcd"), map[string]any{"_class_name": "TCDScheduler"}},
}

// fewStepSettings finds how a file for few steps is called, and its settings; nil for another file.
func fewStepSettings(file string) (name string, settings map[string]any) {
	for _, f := range fewSteps {
		if found := f.name.FindStringSubmatch(strings.TrimSuffix(file, Extension)); found != nil {
			return cmp.Or(found[1:]...), f.settings
		}
	}
	return "", nil
}

// word matches a word in a file's name.
func word(of string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:^|[^a-z])(` + of + `)(?:[^a-z]|$)`)
}

// part matches a word that may also be joined to others by its capital letter, as in photoTurboDPMSDE.
func part(of string) *regexp.Regexp {
	return regexp.MustCompile(`(?:(?:^|[^A-Za-z])((?i:` + of + `))|(` + of + `))(?:[^a-z]|$)`)
}

// numberOfSteps is how files say for how many steps they were made: 8steps, 4-step, 1_step.
var numberOfSteps = regexp.MustCompile(`(?i)(?:^|[^0-9])([1-9][0-9]?)[ _-]?steps?(?:[^a-z]|$)`)

// stepsInName is the number of steps that a file's name says, 0 for none.
func stepsInName(file string) int {
	found := numberOfSteps.FindStringSubmatch(file)
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return 0
	}
	return n
}

// lowResolution is how files of Stable Diffusion 2 are called that predict noise: they were trained at 512.
var lowResolution = regexp.MustCompile(
	part(`Base`).String() + `|` + word(`eps`).String() + `|(?:^|[^0-9])512(?:[^0-9]|$)|` + part(`Turbo`).String())

// predictionTrait names what a model predicts, as a clause behind "a model".
func predictionTrait(prediction string) phrase.Phrase {
	if prediction == "epsilon" {
		return phrase.Of("that predicts noise")
	}
	return phrase.Of("that predicts velocity")
}

// schedule says how the model was trained: by its marker tensors, the card beside it, its metadata (the standard
// modelspec), and as the last its name, which is a guess.
func (c *contents) schedule(d *folder.Description, v variant, own ownCard) {
	base := filepath.Base(c.path)
	guess := func(trait phrase.Phrase) {
		d.Guess.Traits = append(d.Guess.Traits, trait.String())
		d.Notes = append(d.Notes, fmt.Sprintf("%s: taken for a model %s; this is a guess by its name, and %s can say it",
			base, trait, filepath.Base(cardPath(c.path))))
	}
	var scheduler map[string]any
	prediction, told := c.prediction(own)
	if v == sd2 && !told {
		if prediction = "v_prediction"; lowResolution.MatchString(base) {
			prediction = "epsilon"
		}
		guess(predictionTrait(prediction))
	}
	switch {
	case v.xl():
		scheduler, d.NativeSize = euler(), folder.Size{Width: 1024, Height: 1024}
	case v == sd2 && prediction == "v_prediction":
		scheduler, d.NativeSize = ddim(), folder.Size{Width: 768, Height: 768}
	default:
		scheduler, d.NativeSize = pndm(), folder.Size{Width: 512, Height: 512}
	}
	scheduler["prediction_type"] = prediction
	if c.zeroSNR && own.ZeroSNR == nil || own.ZeroSNR != nil && *own.ZeroSNR {
		if !v.xl() {
			scheduler["_class_name"] = "DDIMScheduler"
		}
		scheduler["rescale_betas_zero_snr"] = true
		scheduler["timestep_spacing"] = "trailing" // so that the first step is the one without any signal
	}
	if name, settings := fewStepSettings(base); settings != nil && own.Scheduler == nil {
		maps.Copy(scheduler, settings)
		guess(phrase.Of("for few steps (%s)", name))
		d.Guess.Steps = stepsInName(base)
	}
	maps.Copy(scheduler, own.Scheduler)
	d.Scheduler = scheduler
	if said, ok := resolution(c.metadata["modelspec.resolution"]); ok {
		d.NativeSize = said
	}
}

// prediction is what the UNet predicts, and whether anything but the family says so.
func (c *contents) prediction(own ownCard) (prediction string, told bool) {
	switch spec := c.metadata["modelspec.prediction_type"]; {
	case own.Prediction != "":
		return own.Prediction, true
	case own.Scheduler["prediction_type"] != nil:
		return fmt.Sprint(own.Scheduler["prediction_type"]), true
	case c.velocity:
		return "v_prediction", true
	case spec == "v":
		return "v_prediction", true
	case spec == "epsilon":
		return spec, true
	}
	return "epsilon", false
}

// resolution reads "1024x1024".
func resolution(text string) (folder.Size, bool) {
	width, height, _ := strings.Cut(text, "x")
	w, err1 := strconv.Atoi(width)
	h, err2 := strconv.Atoi(height)
	ok := err1 == nil && err2 == nil && w >= 256 && h >= 256 && w <= 2048 && h <= 2048 && w%64 == 0 && h%64 == 0
	return folder.Size{Width: w, Height: h}, ok
}
