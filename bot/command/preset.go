package command

import (
	"maps"
	"slices"

	"darkroom/bot/admit"
	"darkroom/render/picture"
)

// MaxPresetName is how long the name of a preset may be, in characters.
const MaxPresetName = 32

// maxPresetWords is how many characters a preset may put after a prompt: the prompt itself needs room, too.
const maxPresetWords = 1000

// presetWords is the option of a preset that no setting of /imagine is.
const presetWords = "words"

// preset is /preset.
func preset() Command {
	name := Option{Type: kindString, Name: "name", Description: "What you call it", Required: true, MaxLength: MaxPresetName, Autocomplete: true}
	return slashCommand("preset", "Your own names for settings",
		Option{Type: kindSub, Name: "save", Description: "Keep settings under a name; one of the same name is replaced",
			Options: append([]Option{name, {Type: kindString, Name: presetWords, Description: "Words put after every prompt", MaxLength: maxPresetWords}}, imageSettings()...)},
		Option{Type: kindSub, Name: "list", Description: "Show your presets"},
		Option{Type: kindSub, Name: "delete", Description: "Forget a preset", Options: []Option{name}},
	)
}

// myData is /mydata.
func myData() Command {
	return slashCommand("mydata", "What is kept about you",
		Option{Type: kindSub, Name: "export", Description: "Get all of it as a file"},
		Option{Type: kindSub, Name: "erase", Description: "Have all of it erased"},
	)
}

// settings are the options of /imagine that decide how something is painted, and not what.
func imageSettings() []Option {
	aspect := Option{Type: kindString, Name: "aspect_ratio", Description: "Shape of the picture, width to height"}
	for _, a := range Aspects() {
		aspect.Choices = append(aspect.Choices, Choice{Name: a, Value: a})
	}
	return []Option{
		{Type: kindString, Name: "negative_prompt", Description: "What to keep out of the picture"},
		aspect,
		{Type: kindString, Name: "size", Description: "Width x height in pixels, such as 512x512", Autocomplete: true},
		withRange(Option{Type: kindInteger, Name: "seed", Description: "The same seed and settings give the same picture"}, 0, picture.MaxSeed),
		withRange(Option{Type: kindInteger, Name: "steps", Description: "More steps are slower and finer"}, 1, picture.MaxSteps),
		withRange(Option{Type: kindNumber, Name: "guidance_scale", Description: "How closely to follow the words"}, 0, 30),
		{Type: kindString, Name: "sampler", Description: "The method that paints", Autocomplete: true},
		withRange(Option{Type: kindInteger, Name: "count", Description: "How many pictures"}, 1, picture.MaxCount),
		withRange(Option{Type: kindNumber, Name: "strength", Description: "How much of a start picture is painted anew: 0 little, 1 everything"}, 0, 1),
		{Type: kindBool, Name: "tile", Description: "Edges that fit each other, for patterns; also --tile"},
		{Type: kindString, Name: "notation", Description: "How the words are read; told from them when left out", Choices: []Choice{
			{Name: "A1111: (word:1.2), [a:b:0.5], AND", Value: string(picture.NotationA1111)},
			{Name: "Midjourney: the same, and hot::2 dog", Value: string(picture.NotationMidjourney)},
		}},
		{Type: kindString, Name: "emphasis", Description: "What (word:1.2) does to the words beside it", Choices: []Choice{
			{Name: "original: all of them together stay as strong", Value: "original"},
			{Name: "no norm: the others stay as they are", Value: string(picture.EmphasisNoNorm)},
		}},
		{Type: kindBool, Name: "spoiler", Description: "Hide the pictures until they are clicked"},
	}
}

// PresetOptions returns those of a command's options that a preset keeps.
//
// A preset gives way to options and flags of the request, and its words come after the prompt's. It is checked when it
// is used, not when it is saved.
func PresetOptions(options map[string]string) map[string]string {
	kept := []string{presetWords}
	for _, o := range imageSettings() {
		kept = append(kept, o.Name)
	}
	out := maps.Clone(options)
	maps.DeleteFunc(out, func(name, value string) bool { return value == "" || !slices.Contains(kept, name) })
	return out
}

// Preset reads the options that a preset kept. Those of another version that are not known any more are left out.
func Preset(options map[string]string) admit.Preset {
	return admit.Preset{Words: options[presetWords], Settings: parseWanted(PresetOptions(options), nil)}
}
