package message

import (
	"fmt"

	"darkroom/bot/button"
)

// EraseQuestion asks before all data about a person is erased.
func EraseQuestion() Message {
	return Message{
		Content: "**Erase everything stored about you, in every server?** This cannot be undone.\n" +
			"• Your waiting requests are cancelled.\n" +
			"• Your prompts, settings, start images and presets are erased. Buttons under your images stop working.\n" +
			"• Messages with images stay on Discord until you delete them there.\n" +
			"• For one day the bot still knows how many images you asked for, and nothing else about them.",
		Rows: []Row{{{Style: Danger, Label: "Erase everything", ID: button.ID{Verb: button.Forget, Job: "me"}.String()}}},
	}
}

// Erased confirms that a person was erased. left is how many of their jobs could not be cancelled.
func Erased(left int) Message {
	text := "Erased."
	switch {
	case left == 1:
		text += " 1 request could not be cancelled. It is erased when it finishes."
	case left > 1:
		text += fmt.Sprintf(" %d requests could not be cancelled. They are erased when they finish.", left)
	}
	return Message{Content: text}
}

// Export is the message with the file of all data about a person.
func Export(file File) Message {
	return Message{Content: "This is everything stored about you.", Files: []File{file}}
}
