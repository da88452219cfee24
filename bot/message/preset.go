package message

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"darkroom/bot/language"
	"darkroom/render/encode"
)

// The refusals about presets.
const (
	ErrPresetEmpty   = Refusal("Nothing to save: choose at least one setting for the preset.")
	ErrPresetUnknown = Refusal("You have no preset with that name. /preset list shows yours.")

	ErrServersPresetUnknown = Refusal("This server has no preset with that name. /preset list shows those it has.")
)

// ErrPresetName refuses a preset's name that is empty or longer than most characters.
func ErrPresetName(most int) error {
	return refuse("A preset needs a name of 1 to %d characters.", most)
}

// ErrPresetTooMany refuses one preset more than most.
func ErrPresetTooMany(most int) error {
	return refuse("You already have %d presets, the most possible. Delete one with /preset delete.", most)
}

// ErrServersPresetTooMany refuses one preset of a server more than most.
func ErrServersPresetTooMany(most int) error {
	return refuse("This server already has %d presets, the most possible. Delete one with /preset delete.", most)
}

// Preset is one preset as a list shows it.
type Preset struct {
	Name    string
	Options map[string]string
}

// line shows a preset on one line of at most so many characters, so that no cut is in the middle of Markdown.
func (p Preset) line(room int) string {
	const marks = "****"
	name := shortenEscaped(Escape(p.Name), room-len(marks))
	line := "**" + name + "**"
	if left := room - utf8.RuneCountInString(line); left > len(" · …") {
		line += shortenEscaped(" · "+p.options(), left)
	}
	return line
}

// options lists what a preset sets.
func (p Preset) options() string {
	var all []string
	for _, option := range slices.Sorted(maps.Keys(p.Options)) {
		value := strings.ReplaceAll(p.Options[option], "\n", " ")
		if option == "sampler" {
			value = encode.SamplerTitle(encode.SamplerName(value, ""))
		}
		all = append(all, option+": "+Escape(value))
	}
	return strings.Join(all, " · ")
}

// PresetSaved confirms that a preset was saved.
func PresetSaved(l language.Language, p Preset) string {
	return l.Sprintf("Saved. Use it as `/imagine style:` %s", Escape(p.Name)) + "\n" + p.line(MaxContent/2)
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
			lines = append(lines, p.line(room))
		}
	}
	return strings.Join(lines, "\n")
}

// ServersPreset names a preset of the server in a list of suggestions.
func ServersPreset(l language.Language, name string) string {
	return l.Sprintf("%s · of this server", name)
}
