package message

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"darkroom/bot/button"
)

// The refusals about presets.
const (
	ErrPresetName    = Refusal("A preset needs a name of at most 32 characters.")
	ErrPresetEmpty   = Refusal("Say at least one setting that the preset should keep.")
	ErrPresetUnknown = Refusal("You have no preset of that name. /preset list shows yours.")
	ErrPresetTooMany = Refusal("You have as many presets as fit. /preset delete makes room.")
)

// Preset is one preset as a list shows it.
type Preset struct {
	Name    string
	Options map[string]string
}

// line shows a preset on one line.
func (p Preset) line() string {
	var all []string
	for _, option := range slices.Sorted(maps.Keys(p.Options)) {
		all = append(all, option+": "+Escape(strings.ReplaceAll(p.Options[option], "\n", " ")))
	}
	return "**" + Escape(p.Name) + "** · " + strings.Join(all, " · ")
}

// PresetSaved confirms that a preset was saved.
func PresetSaved(p Preset) string {
	return "Kept. Use it as `/imagine preset:` " + Escape(p.Name) + "\n" + p.line()
}

// PresetDeleted confirms that a preset was deleted.
func PresetDeleted(name string) string { return "Forgotten: " + Escape(name) }

// Presets lists presets. There can be at most so many, and all of them fit into one message.
func Presets(all []Preset, most int) string {
	if len(all) == 0 {
		return "You have no presets. `/preset save` keeps settings under a name of yours."
	}
	lines := []string{"**Your presets**"}
	for _, p := range all {
		lines = append(lines, Shorten(p.line(), MaxContent/(most+1)-1))
	}
	return strings.Join(lines, "\n")
}

// EraseQuestion asks before something that cannot be undone.
func EraseQuestion() Message {
	return Message{
		Content: "**Erase all that is kept about you, from every server?** It cannot be taken back.\n" +
			"• What you have waiting is cancelled.\n" +
			"• Your words, settings, start pictures and presets are forgotten. Buttons under your pictures stop working.\n" +
			"• Messages with pictures stay on Discord until you delete them there.\n" +
			"• For a day the bot still knows how many pictures you asked for, and nothing else of them.",
		Rows: []Row{{{Style: Danger, Label: "Erase all of it", ID: button.ID{Verb: button.Forget, Job: "me"}.String()}}},
	}
}

// Erased confirms that a person was erased. left is how many of their jobs could not be cancelled.
func Erased(left int) Message {
	text := "Erased."
	if left > 0 {
		text += fmt.Sprintf(" %d of your requests could not be stopped any more. They are forgotten when they are finished.", left)
	}
	return Message{Content: text}
}

// Export is the message with the file of all that is kept about a person.
func Export(file File) Message {
	return Message{Content: "This is all that is kept about you.", Files: []File{file}}
}
