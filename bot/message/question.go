package message

import (
	"fmt"
	"strings"
	"time"

	"darkroom/bot/button"
)

// The answers to the question whether many prompts shall be painted.
const (
	AnswerYes  = "yes"
	AnswerNo   = "no"
	AnswerEdit = "edit"
)

// maxPromptsListed is how many prompts the question shows.
const maxPromptsListed = 5

// ErrQuestionGone refuses an answer that comes too late.
const ErrQuestionGone = Refusal("That question was answered already, or is too old. Ask again with /imagine.")

// PermuteQuestion asks whether many prompts shall be painted. It names how many pictures that would be, what they would
// take, and the first prompts.
func PermuteQuestion(id string, titles []string, pictures int, cost time.Duration) Message {
	lines := []string{fmt.Sprintf("**%d prompts, %d pictures**, about %s of painting. Shall I paint them all?", len(titles), pictures, roughly(cost))}
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
		press(Success, "Paint them all", AnswerYes), press(Secondary, "Cancel", AnswerNo), press(Secondary, "Edit prompt", AnswerEdit),
	}}}
}

// roughly is a time as people say it.
func roughly(d time.Duration) string {
	switch {
	case d < 2*time.Second:
		return "a second"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return fmt.Sprintf("%d hours", int(d.Hours()))
}

// NothingPainted replaces the question when the answer is no.
func NothingPainted() Message { return Message{Content: "Nothing was painted."} }

// PermutationsAccepted replaces the question when the answer is yes.
func PermutationsAccepted(n int) Message {
	if n == 1 {
		return Message{Content: "Painting it. Its message follows."}
	}
	return Message{Content: fmt.Sprintf("Painting %d prompts. Each has a message of its own.", n)}
}

// What a prompt cannot be written out for.
const (
	ExpandTooSlow     = "I cannot write that out: it takes me too long."
	ExpandTooSlowHint = "Put fewer choices and wildcards into it."
	ExpandTooManyHint = "Put fewer choices between the braces, or escape a comma that is no choice as \\,"
)

// ExpandUnknown refuses a wildcard that is not known.
func ExpandUnknown(what string) string { return "I do not know this: " + what + "." }

// ExpandTooMany refuses too many permutations.
func ExpandTooMany(what string) string { return "That is too much at once: " + what + "." }

// ExpandTooLong refuses a prompt that becomes too long.
func ExpandTooLong(what string) string { return "I cannot write that out: " + what + "." }
