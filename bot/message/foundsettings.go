package message

import (
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/language"
)

// FoundSettings shows the settings that an image tells of itself, with a button that opens them in a form. id is that
// of the question that keeps them.
func FoundSettings(l language.Language, text, id string) Message {
	use := button.ID{Verb: button.Permute, Job: id, Arg: AnswerEdit}
	fence := "```"
	shown := Shorten(strings.ReplaceAll(text, "```", "\u02cb\u02cb\u02cb"), 1500)
	return Message{
		Content: l.Text("This image tells how it was made:") + "\n" + fence + "\n" + shown + "\n" + fence,
		Rows:    []Row{{{Style: Primary, Label: l.Text("Use these settings"), ID: use.String()}}},
	}
}
