package message

import (
	"fmt"
	"strconv"
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/render/phrase"
	"darkroom/render/request"
)

// NoRenderer is noted when a job is accepted while no renderer is online.
func NoRenderer() phrase.Phrase {
	return phrase.Of("No renderer is online. Your request waits in the queue until one is.")
}

// addModelHint says how to get a model that knows more words than the demo model.
func addModelHint(l language.Language) string {
	return l.Text("The owner of this bot can add a model that knows more: " +
		"put a Stable Diffusion checkpoint (.safetensors) into the models directory.")
}

// maxUnknownWords is how many unknown words are named.
const maxUnknownWords = 8

// Notes are what a person should know about an accepted request.
type Notes struct {
	Notes        []string // what was changed or ignored, one sentence each, not escaped
	UnknownWords []string // words that the model never saw
	Nearest      []request.Near
	Model        string // its name
	ModelHash    string
	Examples     []Example // prompts that it can render
}

// Example is a prompt that a model can render, with its number among the model's examples.
type Example struct {
	Number int
	Prompt string
	Model  string // the model's hash
}

// id is the custom_id of the button that renders the example.
func (e Example) id() string {
	return button.ID{
		Verb: button.Example, Job: strconv.Itoa(e.Number), Arg: e.Model[:min(len(e.Model), modelHashShown)],
	}.String()
}

// Message returns the notes, and whether there are any.
func (n Notes) Message(l language.Language) (m Message, ok bool) {
	var lines []string
	for _, note := range n.Notes {
		lines = append(lines, "• "+Escape(note))
	}
	if len(n.UnknownWords) > 0 {
		lines = append(lines, n.unknownText(l))
		m.Rows = append(exampleRows(n.Examples), Row{wordsButton(l, n.ModelHash)})
	}
	m.Content = strings.Join(lines, "\n")
	return m, len(lines) > 0
}

func (n Notes) unknownText(l language.Language) string {
	words := n.UnknownWords
	if len(words) > maxUnknownWords {
		words = append(append([]string(nil), words[:maxUnknownWords]...), "…")
	}
	text := l.Sprintf("The model %s does not know these words, so the image shows something else: %s.",
		Escape(n.Model), Escape(strings.Join(words, ", ")))
	if near := n.nearestText(l); near != "" {
		text += "\n" + l.Sprintf("The nearest that it knows: %s.", near)
	}
	if len(n.Examples) > 0 {
		text += "\n" + l.Text("Try one of these prompts:")
	}
	return text
}

// nearestText names the known words that are like the unknown ones.
func (n Notes) nearestText(l language.Language) string {
	var all []string
	for i, near := range n.Nearest {
		if i == maxUnknownWords {
			break
		}
		all = append(all, l.Sprintf("**%s** for %s", Escape(strings.Join(near.Known, ", ")), Escape(near.Unknown)))
	}
	return strings.Join(all, ", ")
}

// DirectHint answers what somebody wrote to the bot. model is the hash of the model whose words can be shown, if any.
func DirectHint(l language.Language, model string, examples []Example) Message {
	m := Message{
		Content: l.Text(
			"Hello! I read slash commands only. Type `/imagine` and say what you want to see, or press an example."),
		Rows: exampleRows(examples),
	}
	if model != "" {
		m.Rows = append(m.Rows, Row{wordsButton(l, model)})
	}
	return m
}

// wordsButton shows what a model can render.
func wordsButton(l language.Language, modelHash string) Button {
	id := button.ID{Verb: button.Words, Job: modelHash[:min(modelHashShown, len(modelHash))]}
	return Button{Style: Primary, Label: l.Text("What can it paint?"), ID: id.String()}
}

// modelHashShown is how much of a model's hash stands in a custom_id.
const modelHashShown = 16

// exampleRows are buttons that render the examples.
func exampleRows(examples []Example) []Row {
	var row Row
	for _, e := range examples {
		row = append(row, Button{Style: Secondary, Label: Shorten(e.Prompt, 80), ID: e.id()})
	}
	if row == nil {
		return nil
	}
	return []Row{row}
}

// maxGroupShown is how much of a group of words is shown, in characters.
const maxGroupShown = 300

// KnownWords says what a model can render: its words by kind, the add-ons that may be used with it, and buttons that
// render examples. images are some that it made.
func KnownWords(
	l language.Language, c request.Card, addons []request.AddonCard, examples []Example, images []File,
) Message {
	lines := []string{"**" + Escape(c.Name) + "**"}
	if c.Description != "" {
		lines[0] += ": " + Escape(c.Description)
	}
	for _, g := range c.WordGroups() {
		words := shortenEscaped(Escape(strings.Join(g.Words, ", ")), maxGroupShown)
		lines = append(lines, fmt.Sprintf("**%s:** %s", Escape(groupTitle(l, g.Name)), words))
	}
	lines = append(lines, addonNames(l, addons)...)
	switch {
	case len(c.Words) > 0:
		lines = append(lines, "-# "+addModelHint(l))
	default:
		lines = append(lines, l.Text("It has no list of words: try anything."))
	}
	return Message{Content: strings.Join(lines, "\n"), Files: images, Rows: exampleRows(examples)}
}

// groupTitle is the title of a group of words. The groups of the demo model have names in each language; those of other
// models are as their cards name them.
func groupTitle(l language.Language, name string) string {
	switch name {
	case "subjects":
		return l.Text("Subjects")
	case "colours":
		return l.Text("Colours")
	case "settings":
		return l.Text("Settings")
	case "light":
		return l.Text("Light")
	case "weather":
		return l.Text("Weather")
	case "styles":
		return l.Text("Styles")
	case "sizes":
		return l.Text("Sizes")
	case "places":
		return l.Text("Places")
	case "pairs":
		return l.Text("Pairs")
	}
	return asTitle(name)
}
