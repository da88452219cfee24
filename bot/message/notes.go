package message

import (
	"fmt"
	"strconv"
	"strings"

	"darkroom/bot/button"
	"darkroom/render/request"
)

// NoRenderer is noted when a job is accepted while no renderer is online.
const NoRenderer = "No renderer is online. Your request waits in the queue until one is."

// addModelHint says how to get a model that knows more words than the demo model.
const addModelHint = "The owner of this bot can add a model that knows more: " +
	"put a Stable Diffusion checkpoint (.safetensors) into the models directory."

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
func (n Notes) Message() (m Message, ok bool) {
	var lines []string
	for _, note := range n.Notes {
		lines = append(lines, "• "+Escape(note))
	}
	if len(n.UnknownWords) > 0 {
		lines = append(lines, n.unknownText())
		m.Rows = append(exampleRows(n.Examples), Row{wordsButton(n.ModelHash)})
	}
	m.Content = strings.Join(lines, "\n")
	return m, len(lines) > 0
}

func (n Notes) unknownText() string {
	words := n.UnknownWords
	if len(words) > maxUnknownWords {
		words = append(append([]string(nil), words[:maxUnknownWords]...), "…")
	}
	var text strings.Builder
	fmt.Fprintf(&text, "The model %s does not know these words, so the image shows something else: %s.",
		Escape(n.Model), Escape(strings.Join(words, ", ")))
	if near := n.nearestText(); near != "" {
		text.WriteString("\nThe nearest that it knows: " + near + ".")
	}
	if len(n.Examples) > 0 {
		text.WriteString("\nTry one of these prompts:")
	}
	return text.String()
}

// nearestText names the known words that are like the unknown ones.
func (n Notes) nearestText() string {
	var all []string
	for i, near := range n.Nearest {
		if i == maxUnknownWords {
			break
		}
		all = append(all, fmt.Sprintf("**%s** for %s", Escape(strings.Join(near.Known, ", ")), Escape(near.Unknown)))
	}
	return strings.Join(all, ", ")
}

// DirectHint answers what somebody wrote to the bot. model is the hash of the model whose words can be shown, if any.
func DirectHint(model string, examples []Example) Message {
	m := Message{
		Content: "Hello! I read slash commands only. Type `/imagine` and say what you want to see, or press an example.",
		Rows:    exampleRows(examples),
	}
	if model != "" {
		m.Rows = append(m.Rows, Row{wordsButton(model)})
	}
	return m
}

// wordsButton shows what a model can render.
func wordsButton(modelHash string) Button {
	id := button.ID{Verb: button.Words, Job: modelHash[:min(modelHashShown, len(modelHash))]}
	return Button{Style: Primary, Label: "What can it paint?", ID: id.String()}
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
func KnownWords(c request.Card, addons []request.AddonCard, examples []Example, images []File) Message {
	lines := []string{"**" + Escape(c.Name) + "**"}
	if c.Description != "" {
		lines[0] += ": " + Escape(c.Description)
	}
	for _, g := range c.WordGroups() {
		words := shortenEscaped(Escape(strings.Join(g.Words, ", ")), maxGroupShown)
		lines = append(lines, fmt.Sprintf("**%s:** %s", Escape(asTitle(g.Name)), words))
	}
	lines = append(lines, addonNames(addons)...)
	switch {
	case len(c.Words) > 0:
		lines = append(lines, "-# "+addModelHint)
	default:
		lines = append(lines, "It has no list of words: try anything.")
	}
	return Message{Content: strings.Join(lines, "\n"), Files: images, Rows: exampleRows(examples)}
}
