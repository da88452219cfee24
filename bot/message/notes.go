package message

import (
	"fmt"
	"strings"

	"darkroom/bot/button"
)

// NoRenderer is noted when a job is accepted that nobody can paint yet.
const NoRenderer = "No renderer is up just now. Your pictures are painted when one comes back."

// addModelHint says how to paint more than the demo model knows.
const addModelHint = "Whoever runs this bot can bring a real model: any Stable Diffusion 1.x folder in the ONNX layout, put into the models directory."

// maxUnknownWords is how many unknown words are named.
const maxUnknownWords = 8

// Notes are what a person should know about an accepted request.
type Notes struct {
	Notes        []string // what was changed or left out, one sentence each, not escaped
	UnknownWords []string // words that the model never saw
	Model        string   // its name
	Examples     []string // prompts that it can paint
}

// Message tells the notes, and whether there are any.
func (n Notes) Message() (m Message, any bool) {
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
	text := fmt.Sprintf("The model %s never saw these words and will paint something else for them: %s.",
		Escape(n.Model), Escape(strings.Join(words, ", ")))
	if len(n.Examples) > 0 {
		text += "\nIt does know, for example:"
		for _, p := range n.Examples {
			text += "\n• " + Escape(p)
		}
	}
	return text + "\n-# " + addModelHint
}

// exampleRows are buttons that paint the examples.
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
