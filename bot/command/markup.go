package command

import (
	"regexp"
	"strings"
)

// markup matches what Discord's client puts in place of something that a person picked: a custom emoji, a command, a
// mention, a time. Source: Discord, "Message Formatting".
var markup = regexp.MustCompile(
	`<(?:a?:(\w{2,32}):\d{17,20}|/([^:<>\n]{1,100}):\d{17,20}|@[!&]?\d{17,20}|#\d{17,20}|t:-?\d{1,17}(?::[a-zA-Z])?)>`)

// plainWords writes a prompt as the person sees it, without Discord's markup: a custom emoji and a command are their
// names. A mention and a time are left out, since they are only numbers here.
func plainWords(text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	return markup.ReplaceAllStringFunc(text, func(found string) string {
		m := markup.FindStringSubmatch(found)
		return strings.ReplaceAll(m[1], "_", " ") + m[2]
	})
}

// isPrompt tells whether an option or a form's field of this name holds words for a model.
func isPrompt(name string) bool {
	switch name {
	case "prompt", "negative_prompt", presetWords, "negative", "rest", "negative_rest":
		return true
	}
	return false
}
