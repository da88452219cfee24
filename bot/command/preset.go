package command

import (
	"maps"
	"slices"

	"darkroom/render/request"
)

// MaxPresetName is the longest name of a preset, in characters.
const MaxPresetName = 32

// maxPresetWords is how many characters a preset may add to a prompt. The prompt itself needs room, too.
const maxPresetWords = 1000

// presetWords is the one option of a preset that /imagine does not have.
const presetWords = "words"

// presetOwner is the option of /preset that says whose preset is meant, and ForServer its value for a server's.
const (
	presetOwner = "for"
	ForServer   = "server"
)

// IsForServer tells whether the options of /preset mean a preset of the server.
func IsForServer(options map[string]string) bool { return options[presetOwner] == ForServer }

// preset is /preset.
func preset() Command {
	name := Option{
		Type: kindString, Name: "name", Description: "Name of the preset", Required: true, MaxLength: MaxPresetName,
		Autocomplete: true,
	}
	words := Option{
		Type: kindString, Name: presetWords, Description: "Words added to the end of every prompt", MaxLength: maxPresetWords,
	}
	whose := Option{
		Type: kindString, Name: presetOwner, Description: "Whose preset; a server's may be saved and deleted by moderators",
		Choices: []Choice{
			{Name: "yours, in every server", Value: "me"}, {Name: "everybody's in this server", Value: ForServer},
		},
	}
	return slashCommand("preset", "Save settings under a name",
		Option{
			Type: kindSub, Name: "save", Description: "Save settings under a name; replaces a preset with the same name",
			Options: slices.Concat([]Option{name, words}, presetSettings(), []Option{whose}),
		},
		Option{Type: kindSub, Name: "list", Description: "Show your presets and those of this server"},
		Option{Type: kindSub, Name: "delete", Description: "Delete a preset", Options: []Option{name, whose}},
	)
}

// presetSettings are the settings that a preset keeps.
func presetSettings() []Option {
	return slices.Concat([]Option{negativePrompt()}, imageSettings(), flagSettings())
}

// PresetOptions returns the options of a command that a preset keeps.
//
// Options and flags of the request override a preset, and its words come after the prompt. It is checked when it is
// used, not when it is saved.
func PresetOptions(options map[string]string) map[string]string {
	kept := []string{presetWords}
	for _, o := range presetSettings() {
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
