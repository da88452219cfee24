package message

import (
	"maps"
	"slices"
	"strings"

	"darkroom/bot/language"
	"darkroom/render/encode"
)

// The refusals about presets.
const (
	ErrPresetEmpty   = Refusal("Nothing to save: choose at least one setting for the preset.")
	ErrPresetUnknown = Refusal("You have no preset with that name. /preset list shows yours.")
)

// ErrPresetName refuses a preset's name that is empty or longer than most characters.
func ErrPresetName(most int) error {
	return refuse("A preset needs a name of 1 to %d characters.", most)
}

// ErrPresetTooMany refuses one preset more than most.
func ErrPresetTooMany(most int) error {
	return refuse("You already have %d presets, the most possible. Delete one with /preset delete.", most)
}

// Preset is one preset as a list shows it.
type Preset struct {
	Name    string
	Options map[string]string
}

// line shows a preset on one line.
func (p Preset) line() string {
	var all []string
	for _, option := range slices.Sorted(maps.Keys(p.Options)) {
		value := strings.ReplaceAll(p.Options[option], "\n", " ")
		if option == "sampler" {
			value = encode.SamplerTitle(encode.SamplerName(value, ""))
		}
		all = append(all, option+": "+Escape(value))
	}
	return "**" + Escape(p.Name) + "** · " + strings.Join(all, " · ")
}

// PresetSaved confirms that a preset was saved.
func PresetSaved(l language.Language, p Preset) string {
	return l.Sprintf("Saved. Use it as `/imagine style:` %s", Escape(p.Name)) + "\n" + p.line()
}

// PresetDeleted confirms that a preset was deleted.
func PresetDeleted(l language.Language, name string) string {
	return l.Sprintf("Deleted: %s", Escape(name))
}

// Presets lists a person's presets and those of the server. All of them fit into one message.
func Presets(l language.Language, own, ofServer []Preset) string {
	if len(own)+len(ofServer) == 0 {
		return l.Text("You have no presets. Save settings under a name with `/preset save`.")
	}
	room := MaxContent/(len(own)+len(ofServer)+2) - 1
	var lines []string
	for _, part := range []struct {
		heading string
		presets []Preset
	}{{l.Text("**Your presets**"), own}, {l.Text("**Presets of this server**"), ofServer}} {
		if len(part.presets) > 0 {
			lines = append(lines, Shorten(part.heading, room))
		}
		for _, p := range part.presets {
			lines = append(lines, Shorten(p.line(), room))
		}
	}
	return strings.Join(lines, "\n")
}

// ServersPreset names a preset of the server in a list of suggestions.
func ServersPreset(l language.Language, name string) string {
	return l.Sprintf("%s · of this server", name)
}
