package message

import (
	"fmt"
	"strings"

	"darkroom/bot/button"
)

// NoRenderer is noted when a job is accepted while no renderer is online.
const NoRenderer = "No renderer is online. Your request waits in the queue until one is."

// addModelHint says how to get a model that knows more words than the demo model.
const addModelHint = "The owner of this bot can add a model that knows more: " +
	"put a Stable Diffusion 1.x folder in the ONNX layout into the models directory."

// maxUnknownWords is how many unknown words are named.
const maxUnknownWords = 8

// Notes are what a person should know about an accepted request.
type Notes struct {
	Notes        []string // what was changed or ignored, one sentence each, not escaped
	UnknownWords []string // words that the model never saw
	Model        string   // its name
	Examples     []string // prompts that it can render
}

// Message returns the notes, and whether there are any.
func (n Notes) Message() (m Message, ok bool) {
	var lines []string
	for _, note := range n.Notes {
		lines = append(lines, "• "+Escape(note))
	}
	if len(n.UnknownWords) > 0 {
		lines = append(lines, n.unknownText())
		m.Rows = exampleRows(n.Examples)
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
	if len(n.Examples) > 0 {
		text.WriteString("\nExamples that it knows:")
		for _, p := range n.Examples {
			text.WriteString("\n• " + Escape(p))
		}
	}
	return text.String() + "\n-# " + addModelHint
}

// exampleRows are buttons that render the examples.
func exampleRows(prompts []string) []Row {
	var row Row
	for i, p := range prompts {
		id := button.ID{Verb: button.Example, Job: fmt.Sprint(i)}
		row = append(row, Button{Style: Secondary, Label: Shorten(p, 80), ID: id.String()})
	}
	if row == nil {
		return nil
	}
	return []Row{row}
}
