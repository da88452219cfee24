package message

import (
	"darkroom/bot/button"
	"darkroom/bot/language"
)

// EraseQuestion asks before all data about a person is erased.
func EraseQuestion(l language.Language) Message {
	return Message{
		Content: l.Text("**Erase everything stored about you, in every server?** This cannot be undone.\n" +
			"• Your waiting requests are cancelled.\n" +
			"• Your prompts, settings, start images and presets are erased. Buttons under your images stop working.\n" +
			"• Messages with images stay on Discord until you delete them there.\n" +
			"• For one day the bot still knows how many images you asked for, and nothing else about them."),
		Rows: []Row{{{
			Style: Danger, Label: l.Text("Erase everything"), ID: button.ID{Verb: button.Forget, Job: "me"}.String(),
		}}},
	}
}

// Erased confirms that a person was erased. left is how many of their jobs could not be cancelled.
func Erased(l language.Language, left int) Message {
	text := l.Text("Erased.")
	if left > 0 {
		text += " " + l.Count(left, "%d request could not be cancelled. It is erased when it finishes.",
			"%d requests could not be cancelled. They are erased when they finish.", left)
	}
	return Message{Content: text}
}

// Export is the message with the file of all data about a person.
func Export(l language.Language, file File) Message {
	return Message{Content: l.Text("This is everything stored about you."), Files: []File{file}}
}
