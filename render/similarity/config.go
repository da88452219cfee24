package similarity

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"darkroom/render/checkpoint"
	"darkroom/render/checkpoint/network"
	"darkroom/render/filehash"
	"darkroom/render/vision"
)

// The activations of CLIPs.
const (
	quickGELU = "quick_gelu"
	gelu      = "gelu"
)

// towerConfig is vision_config or text_config of transformers' config.json.
type towerConfig struct {
	Activation string   `json:"hidden_act"`
	Heads      int      `json:"num_attention_heads"`
	Epsilon    *float64 `json:"layer_norm_eps"`
	Kind       string   `json:"model_type"`
}

// clipConfig is config.json of a CLIPModel.
type clipConfig struct {
	towerConfig

	Vision *towerConfig `json:"vision_config"`
	Text   *towerConfig `json:"text_config"`
}

// What transformers takes where a config says nothing (configuration_clip.py).
const (
	usualVisionHeads = 12
	usualTextHeads   = 8
)

// errNoCLIP says that a config.json is of something else, which may lie beside a CLIP.
var errNoCLIP = errors.New("not the config of a CLIP")

// readTransformersConfig reads the config.json of a whole CLIP.
func readTransformersConfig(path string) (c clipConfig, err error) {
	switch err := readJSON(path, &c); {
	case err != nil:
		return c, err
	case c.Vision == nil || c.Text == nil:
		return c, errNoCLIP
	case c.Kind != "" && c.Kind != "clip":
		return c, fmt.Errorf("%s: model_type %q, want clip", path, c.Kind)
	}
	return c, nil
}

// towersOf fills in what the configs of both encoders leave out.
func towersOf(of towerConfig, path string, words towerConfig, textPath string) (image, text tower, err error) {
	if image, err = of.tower(path, usualVisionHeads); err != nil {
		return image, text, err
	}
	text, err = words.tower(textPath, usualTextHeads)
	return image, text, err
}

// tower fills in what a config leaves out.
func (c towerConfig) tower(path string, heads int) (tower, error) {
	t := tower{Heads: cmp.Or(c.Heads, heads), Activation: cmp.Or(c.Activation, quickGELU)}
	if t.Activation != quickGELU && t.Activation != gelu {
		return t, fmt.Errorf("%s: hidden_act %q, want %s or %s", path, t.Activation, quickGELU, gelu)
	}
	if c.Epsilon != nil && *c.Epsilon != 1e-5 {
		return t, fmt.Errorf("%s: layer_norm_eps %v, want 1e-05", path, *c.Epsilon)
	}
	if t.Heads < 1 {
		return t, fmt.Errorf("%s: num_attention_heads %d, want 1 or more", path, t.Heads)
	}
	return t, nil
}

// shape is what package checkpoint asks for.
func shape(image, text tower) checkpoint.CLIPShape {
	return checkpoint.CLIPShape{
		Image: network.VisionShape{Heads: image.Heads, QuickGELU: image.Activation == quickGELU},
		Text:  network.TextShape{Heads: text.Heads, QuickGELU: text.Activation == quickGELU},
	}
}

// openClipConfig is open_clip_config.json.
type openClipConfig struct {
	path  string
	Model struct {
		QuickGELU bool                       `json:"quick_gelu"`
		Vision    map[string]json.RawMessage `json:"vision_cfg"`
		Text      map[string]json.RawMessage `json:"text_cfg"`
	} `json:"model_cfg"`
	Preprocess struct {
		Mean   []float64 `json:"mean"`
		Std    []float64 `json:"std"`
		Filter string    `json:"interpolation"`
		Resize string    `json:"resize_mode"`
	} `json:"preprocess_cfg"`
}

const openClipConfigFile = "open_clip_config.json"

// openClipLikeOpenAI lists the settings of open_clip's towers that change what is computed and not which weights there
// are, or that need weights of another kind, with the values of OpenAI's architecture (CLIPVisionCfg and CLIPTextCfg of
// open_clip's model.py).
var openClipLikeOpenAI = map[string]string{
	"timm_model_name": `""`, "hf_model_name": `""`, "attentional_pool": "false", "global_average_pool": "false",
	"no_ln_pre": "false", "no_causal_mask": "false", "embed_cls": "false", "final_ln_after_pool": "false",
	"ls_init_value": "null", "pos_embed_type": `"learnable"`, "norm_kwargs": "{}", "act_kwargs": "{}",
	"input_patchnorm": "false", "output_tokens": "false",
}

func readOpenClipConfig(path string) (c openClipConfig, err error) {
	c.path = path
	return c, readJSON(path, &c)
}

// preprocessor is image_transform of open_clip's transform.py, for images that are judged.
func (c openClipConfig) preprocessor(side int) (vision.Preprocessor, error) {
	p, own := vision.CLIP(side), c.Preprocess
	if own.Filter != "" {
		p.Filter = own.Filter
	}
	switch own.Resize {
	case "", "shortest":
	case "squash":
		p.Shortest = 0
	default:
		return p, fmt.Errorf("%s: resize_mode %q, want shortest or squash", c.path, own.Resize)
	}
	if len(own.Mean) == 3 && len(own.Std) == 3 {
		p.Mean, p.Std = [3]float64(own.Mean), [3]float64(own.Std)
	}
	if err := p.Check(); err != nil {
		return p, fmt.Errorf("%s: %w", c.path, err)
	}
	return p, nil
}

// towers reads heads and activation, and refuses what is not OpenAI's architecture.
func (c openClipConfig) towers(visionWidth int) (image, text tower, err error) {
	if image, text, err = c.readTowers(visionWidth); err != nil {
		err = fmt.Errorf("%s: %w", c.path, err)
	}
	return image, text, err
}

func (c openClipConfig) readTowers(visionWidth int) (image, text tower, err error) {
	for _, settings := range []map[string]json.RawMessage{c.Model.Vision, c.Model.Text} {
		for name, usual := range openClipLikeOpenAI {
			if value, ok := settings[name]; ok && string(value) != usual && string(value) != "null" {
				return image, text, fmt.Errorf("%s: %s, which is not supported: want OpenAI's architecture", name, value)
			}
		}
	}
	if err := wantPool(c.Model.Vision, "tok"); err != nil {
		return image, text, err
	}
	if err := wantPool(c.Model.Text, "argmax"); err != nil {
		return image, text, err
	}
	width := 64 // of a head
	if err := readSetting(c.Model.Vision, "head_width", &width); err != nil {
		return image, text, err
	}
	if err := readSetting(c.Model.Text, "heads", &text.Heads); err != nil {
		return image, text, err
	}
	if width < 1 || visionWidth%width != 0 {
		return image, text, fmt.Errorf("head_width %d for a width of %d", width, visionWidth)
	}
	image = tower{Heads: visionWidth / width, Activation: gelu}
	if c.Model.QuickGELU {
		image.Activation = quickGELU
	}
	text.Activation = image.Activation
	return image, text, nil
}

func wantPool(settings map[string]json.RawMessage, usual string) error {
	pool := usual
	if err := readSetting(settings, "pool_type", &pool); err != nil {
		return err
	}
	if pool != usual && pool != "" {
		return fmt.Errorf("pool_type %q, want %q", pool, usual)
	}
	return nil
}

func readSetting(settings map[string]json.RawMessage, name string, into any) error {
	value, ok := settings[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(value, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// guessed are the towers of a file without a config, by the width of its image encoder: those of OpenAI's models have
// CLIP's own activation and heads of 64 numbers, and LAION's larger ones have Gelu and 16 heads. ComfyUI goes by the
// same sizes (comfy/clip_vision.py).
func guessed(visionWidth int) (image, text tower, note string) {
	const base, large = 768, 1024
	switch {
	case visionWidth <= large:
		image = tower{Heads: max(visionWidth/64, 1), Activation: quickGELU}
		note = "taken for one of OpenAI's"
	default:
		image = tower{Heads: 16, Activation: gelu}
		note = "taken for one of LAION's"
	}
	text.Activation = image.Activation
	return image, text, "no config.json or " + openClipConfigFile + " beside the weights: " + note
}

func readJSON(path string, into any) error {
	data, err := filehash.ReadSmall(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", filepath.Clean(path), err)
	}
	return nil
}
