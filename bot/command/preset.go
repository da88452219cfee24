package command

import (
	"maps"
	"slices"

	"darkroom/render/picture"
	"darkroom/render/request"
)

// MaxPresetName is the longest name of a preset, in characters.
const MaxPresetName = 32

// maxPresetWords is how many characters a preset may add to a prompt. The prompt itself needs room, too.
const maxPresetWords = 1000

// presetWords is the one option of a preset that /imagine does not have.
const presetWords = "words"

// preset is /preset.
func preset() Command {
	name := Option{
		Type: kindString, Name: "name", Description: "Name of the preset", Required: true, MaxLength: MaxPresetName,
		Autocomplete: true,
	}
	words := Option{
		Type: kindString, Name: presetWords, Description: "Words added to the end of every prompt", MaxLength: maxPresetWords,
	}
	return slashCommand("preset", "Save settings under a name",
		Option{
			Type: kindSub, Name: "save", Description: "Save settings under a name; replaces a preset with the same name",
			Options: append([]Option{name, words}, imageSettings()...),
		},
		Option{Type: kindSub, Name: "list", Description: "Show your presets"},
		Option{Type: kindSub, Name: "delete", Description: "Delete a preset", Options: []Option{name}},
	)
}

// myData is /mydata.
func myData() Command {
	return slashCommand("mydata", "The data that this bot stores about you",
		Option{Type: kindSub, Name: "export", Description: "Get all of it as a file"},
		Option{Type: kindSub, Name: "erase", Description: "Erase all of it"},
	)
}

// imageSettings are the options of /imagine that say how an image is rendered, and not what it shows.
func imageSettings() []Option {
	return append(commonSettings(), promptSettings()...)
}

// commonSettings are the settings that most people know.
func commonSettings() []Option {
	aspect := Option{Type: kindString, Name: "aspect_ratio", Description: "Shape of the image, width to height"}
	for _, a := range Aspects() {
		aspect.Choices = append(aspect.Choices, Choice{Name: a, Value: a})
	}
	return []Option{
		{Type: kindString, Name: "negative_prompt", Description: "What to keep out of the image"},
		aspect,
		{
			Type: kindString, Name: "size", Description: "Width x height in pixels, such as 512x512",
			Autocomplete: true,
		},
		withRange(Option{
			Type: kindInteger, Name: "seed", Description: "The same seed and settings give the same image",
		}, 0, picture.MaxSeed),
		withRange(Option{
			Type: kindInteger, Name: "steps", Description: "More steps are slower and finer",
		}, 1, picture.MaxSteps),
		withRange(Option{Type: kindNumber, Name: "guidance_scale", Description: "How closely to follow the prompt"}, 0, 30),
		{Type: kindString, Name: "sampler", Description: "The sampling method", Autocomplete: true},
		withRange(Option{Type: kindInteger, Name: "count", Description: "How many images"}, 1, picture.MaxCount),
		withRange(Option{
			Type: kindNumber, Name: "strength", Description: "How much of a start image changes: 0 little, 1 everything",
		}, 0, 1),
	}
}

// promptSettings are the settings about the reading of prompts and about the messages.
func promptSettings() []Option {
	return []Option{
		{Type: kindBool, Name: "tile", Description: "Edges that fit together, for patterns; same as --tile"},
		{Type: kindString, Name: "notation", Description: "How the prompt is read; detected if left out", Choices: []Choice{
			{Name: "A1111: (word:1.2), [a:b:0.5], AND", Value: string(picture.NotationA1111)},
			{Name: "Midjourney: the same, and hot::2 dog", Value: string(picture.NotationMidjourney)},
		}},
		{Type: kindString, Name: "emphasis", Description: "What (word:1.2) does to the other words", Choices: []Choice{
			{Name: "original: all words together keep their strength", Value: "original"},
			{Name: "no norm: the other words stay as they are", Value: string(picture.EmphasisNoNorm)},
		}},
		{Type: kindBool, Name: "spoiler", Description: "Hide the images until they are clicked"},
	}
}

// PresetOptions returns the options of a command that a preset keeps.
//
// Options and flags of the request override a preset, and its words come after the prompt. It is checked when it is
// used, not when it is saved.
func PresetOptions(options map[string]string) map[string]string {
	kept := []string{presetWords}
	for _, o := range imageSettings() {
		kept = append(kept, o.Name)
	}
	out := maps.Clone(options)
	maps.DeleteFunc(out, func(name, value string) bool { return value == "" || !slices.Contains(kept, name) })
	return out
}

// Preset reads the options of a preset. It ignores options of another version that this one does not know.
func Preset(options map[string]string) request.Preset {
	return request.Preset{Words: options[presetWords], Settings: parseWanted(PresetOptions(options), nil)}
}
