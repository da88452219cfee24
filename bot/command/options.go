package command

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/request"
)

// imageSettings are the options of /imagine that say how an image is rendered, and not what it shows. /preset save has
// them too. parseWanted reads them.
func imageSettings() []Option {
	return slices.Concat(modelSettings(), sizeSettings(), samplingSettings(), startSettings())
}

// flagSettings have no option in /imagine: a prompt names them by flags. Presets have options for them. Clients that
// still know them as options of /imagine may send them.
func flagSettings() []Option {
	return []Option{
		{
			Type: kindString, Name: "vae", Description: "The VAE, in place of the model's own; same as --vae",
			Autocomplete: true,
		},
		{Type: kindBool, Name: "tile", Description: "Edges that fit together, for patterns; same as --tile"},
		{Type: kindString, Name: "notation", Description: "How the prompt is read; detected if left out", Choices: []Choice{
			{Name: "A1111: (word:1.2), [a:b:0.5], AND", Value: string(picture.NotationA1111)},
			{Name: "Midjourney: the same, and hot::2 dog", Value: string(picture.NotationMidjourney)},
		}},
		{Type: kindString, Name: "emphasis", Description: "What (word:1.2) does to the other words", Choices: []Choice{
			{Name: "original: all words together keep their strength", Value: "original"},
			{Name: "no norm: the other words stay as they are", Value: string(picture.EmphasisNoNorm)},
		}},
	}
}

// addonOptions name LoRAs and hypernetworks. There are no more, because a prompt has room for any number.
var addonOptions = []string{"lora", "lora2", "lora3"}

// NamesAddon tells whether an option names a LoRA or a hypernetwork.
func NamesAddon(option string) bool { return slices.Contains(addonOptions, option) }

// The options that name a preset: today's, and its former name, which older clients may send.
const (
	styleOption  = "style"
	presetOption = "preset"
)

// StyleName is the name of the preset that the options of /imagine ask for; "" for none.
func StyleName(options map[string]string) string {
	return strings.TrimSpace(cmp.Or(options[styleOption], options[presetOption]))
}

// NamesStyle tells whether an option names a preset.
func NamesStyle(option string) bool { return option == styleOption || option == presetOption }

// modelSettings say what renders the image.
func modelSettings() []Option {
	option := func(name, description string) Option {
		return Option{Type: kindString, Name: name, Description: description, Autocomplete: true}
	}
	return []Option{
		option("model", "The model; type to search"),
		option(addonOptions[0], "A LoRA or hypernetwork with its strength, such as ink:0.8; type to search"),
		option(addonOptions[1], "A second one"),
		option(addonOptions[2], "A third one; <lora:name:0.8> in the prompt adds more"),
	}
}

// sizeSettings say how large the images are, and how many.
func sizeSettings() []Option {
	aspect := Option{Type: kindString, Name: "aspect_ratio", Description: "Shape of the image, width to height"}
	for _, a := range Aspects() {
		aspect.Choices = append(aspect.Choices, Choice{Name: a, Value: a})
	}
	return []Option{
		aspect,
		{
			Type: kindString, Name: "size", Description: "Width x height in pixels, such as 512x512",
			Autocomplete: true,
		},
		withRange(Option{Type: kindInteger, Name: "count", Description: "How many images"}, 1, picture.MaxCount),
	}
}

// samplingSettings are the settings that most people know.
func samplingSettings() []Option {
	return []Option{
		withRange(Option{
			Type: kindInteger, Name: "seed", Description: "The same seed and settings give the same image",
		}, 0, picture.MaxSeed),
		withRange(Option{
			Type: kindInteger, Name: "steps", Description: "More steps are slower and finer",
		}, 1, picture.MaxSteps),
		withRange(Option{Type: kindNumber, Name: "guidance_scale", Description: "How closely to follow the prompt"}, 0, 30),
		{Type: kindString, Name: "sampler", Description: "The sampling method", Autocomplete: true},
	}
}

// startSettings are about start images, and about the passes and the message.
func startSettings() []Option {
	return []Option{
		withRange(Option{
			Type: kindNumber, Name: "strength", Description: "How much of a start image changes: 0 little, 1 everything",
		}, 0, 1),
		{Type: kindString, Name: "fit", Description: "How a start image of another shape is used", Choices: []Choice{
			{Name: "crop: the middle of it", Value: request.ResizeCrop},
			{Name: "fill: all of it, and its edges repeated beside it", Value: request.ResizeFill},
			{Name: "stretch: all of it, pulled to shape", Value: request.ResizeStretch},
		}},
		withRange(Option{
			Type: kindNumber, Name: "hires",
			Description: "A second pass, so many times larger: 1.5 or 2, say; 1 is none",
		}, 1, prompt.MaxHires),
		{Type: kindBool, Name: "draft", Description: "Few steps first, and a button to finish it; same as --draft"},
		{Type: kindBool, Name: "spoiler", Description: "Hide the images until they are clicked"},
	}
}

// parseWanted reads the options of /imagine. A value of the wrong type counts as not given: Discord checks types, so
// only a faulty client can send one.
func parseWanted(options map[string]string, files object) request.Wanted {
	w := request.Wanted{
		Prompt: options["prompt"], Negative: stringOption(options, "negative_prompt"),
		Aspect: stringOption(options, "aspect_ratio"),
		Size:   stringOption(options, "size"), Sampler: stringOption(options, "sampler"),
		Spoiler: options["spoiler"] == "true", Private: options["private"] == "true",
		Steps: intOption(options, "steps"), Count: intOption(options, "count"),
		GuidanceScale: floatOption(options, "guidance_scale"), Strength: floatOption(options, "strength"),
	}
	w.Notation, w.Emphasis = stringOption(options, "notation"), stringOption(options, "emphasis")
	w.Tiling, w.Draft = boolOption(options, "tile"), boolOption(options, "draft")
	w.ClipSkip = intOption(options, "clip_skip")
	w.Resize, w.Hires = stringOption(options, "fit"), floatOption(options, "hires")
	w.Model, w.VAE = stringOption(options, "model"), stringOption(options, "vae")
	for _, name := range addonOptions {
		if v := options[name]; v != "" {
			w.Addons = append(w.Addons, v)
		}
	}
	if n := int64Option(options, "seed"); n != nil {
		w.Seed = n
	}
	w.Init, w.Mask = fileOption(options, "init_image", files), fileOption(options, "mask", files)
	return w
}

// fileOption is the file of an option: its value is the id of one of the files that came with the command.
func fileOption(options map[string]string, name string, files object) *request.Attachment {
	id, ok := options[name]
	if !ok {
		return nil
	}
	file := readAttachment(files.object(id))
	file.ID = cmp.Or(file.ID, id)
	return &file
}

func stringOption(options map[string]string, name string) *string {
	if v, ok := options[name]; ok {
		return &v
	}
	return nil
}

func boolOption(options map[string]string, name string) *bool {
	v, ok := options[name]
	if !ok || v != "true" && v != "false" {
		return nil
	}
	yes := v == "true"
	return &yes
}

func int64Option(options map[string]string, name string) *int64 {
	n, err := strconv.ParseInt(options[name], 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(options[name], 64)
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return nil
		}
		n = int64(f)
	}
	return &n
}

func intOption(options map[string]string, name string) *int {
	n := int64Option(options, name)
	if n == nil {
		return nil
	}
	small := int(max(math.MinInt32, min(math.MaxInt32, *n)))
	return &small
}

func floatOption(options map[string]string, name string) *float64 {
	f, err := strconv.ParseFloat(options[name], 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}
