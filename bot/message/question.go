package message

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"darkroom/bot/button"
	"darkroom/bot/language"
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
func PermuteQuestion(l language.Language, id string, titles []string, images int, cost time.Duration) Message {
	lines := []string{
		l.Sprintf("**%d prompts, %d images**, about %s. Generate all of them?", len(titles), images, roughly(l, cost)),
	}
	for i, title := range titles {
		if i == maxPromptsListed {
			lines = append(lines, "• "+MoreListed(l, len(titles)-i))
			break
		}
		lines = append(lines, "• "+title)
	}
	press := func(style Style, label, answer string) Button {
		return Button{Style: style, Label: label, ID: button.ID{Verb: button.Permute, Job: id, Arg: answer}.String()}
	}
	return Message{Content: strings.Join(lines, "\n"), Rows: []Row{{
		press(Success, l.Text("Generate all"), AnswerYes), press(Secondary, l.Text("Cancel"), AnswerNo),
		press(Secondary, l.Text("Edit prompt"), AnswerEdit),
	}}}
}

// roughly is a duration without more detail than people need.
func roughly(l language.Language, d time.Duration) string {
	switch {
	case d < 2*time.Second:
		return l.Count(1, "%d second", "%d seconds", 1)
	case d < 2*time.Minute:
		n := int(d.Seconds())
		return l.Count(n, "%d second", "%d seconds", n)
	case d < 2*time.Hour:
		n := int(d.Minutes())
		return l.Count(n, "%d minute", "%d minutes", n)
	}
	n := int(d.Hours())
	return l.Count(n, "%d hour", "%d hours", n)
}

// NothingRendered replaces the question when the answer is no.
func NothingRendered(l language.Language) Message {
	return Message{Content: l.Text("Cancelled. Nothing was generated.")}
}

// PermutationsAccepted replaces the question when the answer is yes.
func PermutationsAccepted(l language.Language, n int) Message {
	if n == 1 {
		return Message{Content: l.Text("Accepted. Its message follows.")}
	}
	return Message{Content: l.Sprintf("Accepted: %d prompts. Each gets its own message.", n)}
}

// asTitle begins a text with a capital letter.
func asTitle(text string) string {
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
