package message

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"darkroom/bot/button"
)

// The answers to the question whether many prompts shall be rendered.
const (
	AnswerYes  = "yes"
	AnswerNo   = "no"
	AnswerEdit = "edit"
)

// maxPromptsListed is how many prompts the question shows.
const maxPromptsListed = 5

// ErrQuestionGone refuses an answer that comes too late.
const ErrQuestionGone = Refusal("This question was answered already or is too old. Ask again with /imagine.")

// PermuteQuestion asks whether many prompts shall be rendered. It names how many images that would be, how long they
// would take, and the first prompts.
func PermuteQuestion(id string, titles []string, images int, cost time.Duration) Message {
	lines := []string{
		fmt.Sprintf("**%d prompts, %d images**, about %s. Generate all of them?", len(titles), images, roughly(cost)),
	}
	for i, title := range titles {
		if i == maxPromptsListed {
			lines = append(lines, "• "+MoreListed(len(titles)-i))
			break
		}
		lines = append(lines, "• "+title)
	}
	press := func(style Style, label, answer string) Button {
		return Button{Style: style, Label: label, ID: button.ID{Verb: button.Permute, Job: id, Arg: answer}.String()}
	}
	return Message{Content: strings.Join(lines, "\n"), Rows: []Row{{
		press(Success, "Generate all", AnswerYes), press(Secondary, "Cancel", AnswerNo),
		press(Secondary, "Edit prompt", AnswerEdit),
	}}}
}

// roughly is a duration without more detail than people need.
func roughly(d time.Duration) string {
	switch {
	case d < 2*time.Second:
		return "1 second"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return fmt.Sprintf("%d hours", int(d.Hours()))
}

// NothingRendered replaces the question when the answer is no.
func NothingRendered() Message { return Message{Content: "Cancelled. Nothing was generated."} }

// PermutationsAccepted replaces the question when the answer is yes.
func PermutationsAccepted(n int) Message {
	if n == 1 {
		return Message{Content: "Accepted. Its message follows."}
	}
	return Message{Content: fmt.Sprintf("Accepted: %d prompts. Each gets its own message.", n)}
}

// asTitle begins a text with a capital letter.
func asTitle(text string) string {
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
