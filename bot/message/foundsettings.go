package message

import (
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/language"
)

// FoundSettings shows the settings that an image tells of itself, with a button that opens them in a form. id is that
// of the question that keeps them.
func FoundSettings(l language.Language, text, id string) Message {
	return foundSettings(l, l.Text("This image tells how it was made:"), text, id)
}

// FoundSettingsOfGraph is FoundSettings for an image with a graph of ComfyUI.
func FoundSettingsOfGraph(l language.Language, text, id string) Message {
	return foundSettings(l, l.Text("This image was made by ComfyUI. Its graph says:"), text, id)
}

func foundSettings(l language.Language, title, text, id string) Message {
	use := button.ID{Verb: button.Permute, Job: id, Arg: AnswerEdit}
	return Message{
		Content: title + fenced(text),
		Rows:    []Row{{{Style: Primary, Label: l.Text("Use these settings"), ID: use.String()}}},
	}
}

// FoundGraph shows what was found in a graph of ComfyUI that cannot be followed.
func FoundGraph(l language.Language, text string) Message {
	if text == "" {
		return Message{Content: l.Text("This image was made by ComfyUI. I cannot follow its graph.")}
	}
	return Message{Content: l.Text("This image was made by ComfyUI. I cannot follow its graph, but found this in it:") +
		fenced(text)}
}

// fenced is a text as it is, on lines of its own.
func fenced(text string) string {
	const fence = "```"
	shown := Shorten(strings.ReplaceAll(text, fence, "\u02cb\u02cb\u02cb"), 1500)
	return "\n" + fence + "\n" + shown + "\n" + fence
}
