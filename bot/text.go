package bot

import (
	"fmt"
	"strings"

	"darkroom/bot/admit"
	"darkroom/bot/button"
	"darkroom/bot/message"
)

// All texts of the conversation that are no refusals (refuse.go) and no message about a job (bot/reply).

func faultText(ref string) string {
	return fmt.Sprintf("⚠️ Something went wrong on my side. Whoever runs this bot finds it in the log under `%s`.", ref)
}

// Why a job is given up, as a clause after "This could not be painted".
const (
	reasonInputNotFetched = "the start picture could not be fetched from Discord"
	reasonInputGone       = "its start picture is no longer here"
	reasonRetriesUsed     = "renderers tried more than once and failed"
	reasonUnreadable      = "its record cannot be read"
)

// noRenderer is noted when a job is accepted that nobody can paint yet.
const noRenderer = "No renderer is up just now. Your pictures are painted when one comes back."

// addModelHint says how to paint more than the demo model knows.
const addModelHint = "Whoever runs this bot can bring a real model: any Stable Diffusion 1.x folder in the ONNX layout, put into the models directory."

// inboxNote reminds of pictures that could be posted nowhere.
func inboxNote(n int) string {
	if n == 1 {
		return "Something I painted for you could be posted nowhere: it waits in /inbox."
	}
	return fmt.Sprintf("%d things I painted for you could be posted nowhere: they wait in /inbox.", n)
}

// noteMessage tells what was changed about a request, and which of its words mean nothing to the model.
func noteMessage(o admit.Resolved) (message.Message, bool) {
	var lines []string
	for _, n := range o.Notes {
		lines = append(lines, "• "+message.Escape(n))
	}
	m := message.Message{}
	if len(o.UnknownWords) > 0 {
		lines = append(lines, unknownText(o))
		m.Rows = exampleRows(o.Examples)
	}
	m.Content = strings.Join(lines, "\n")
	return m, len(lines) > 0
}

func unknownText(o admit.Resolved) string {
	words := o.UnknownWords
	if len(words) > 8 {
		words = append(append([]string(nil), words[:8]...), "…")
	}
	text := fmt.Sprintf("The model %s never saw these words and will paint something else for them: %s.",
		message.Escape(o.Spec.Model.Name), message.Escape(strings.Join(words, ", ")))
	if len(o.Examples) > 0 {
		text += "\nIt does know, for example:"
		for _, p := range o.Examples {
			text += "\n• " + message.Escape(p)
		}
	}
	return text + "\n-# " + addModelHint
}

// exampleRows are buttons that paint the examples.
func exampleRows(prompts []string) []message.Row {
	var row message.Row
	for i, p := range prompts {
		id := button.ID{Verb: button.Example, Job: fmt.Sprint(i)}
		row = append(row, message.Button{Style: message.Secondary, Label: cut(p, 80), ID: id.String()})
	}
	if row == nil {
		return nil
	}
	return []message.Row{row}
}

// cut shortens a label to n characters.
func cut(text string, n int) string {
	r := []rune(text)
	if len(r) <= n {
		return text
	}
	return string(r[:n-1]) + "…"
}
