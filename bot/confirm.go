package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/button"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/store"
)

// The answers to the question whether many prompts shall be painted.
const (
	permuteYes  = "yes"
	permuteNo   = "no"
	permuteEdit = "edit"
)

// promptsListed is how many prompts the question shows.
const promptsListed = 5

const errQuestionGone = refusalText("That question was answered already, or is too old. Ask again with /imagine.")

// confirm asks whether all permutations of a wish shall be painted, once it is known that they may be. What was asked is
// written down, so that any bot can hear the answer, and a new one after a restart.
func (h *handler) askToConfirm(ctx context.Context, w permutationRequest, judges []judgeFunc) error {
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	server := account(h.req.Place.Guild)
	policy, err := h.db.Policy(ctx, server)
	if err != nil {
		return err
	}
	_, entries, err := h.judgeAll(ctx, judges, admit.Policy(policy), nil)
	if err != nil {
		return err
	}
	use, err := h.db.Usage(ctx, server, h.req.Person.ID)
	if err != nil {
		return err
	}
	pictures, cost := 0, int64(0)
	for _, e := range entries {
		pictures, cost = pictures+e.Pictures, cost+e.Cost
	}
	if no := admit.CheckQuota(admit.Policy(policy), admit.Usage(use), pictures); no != nil {
		return no
	}
	body, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("write down a question: %w", err)
	}
	if err := h.db.PutQuestion(ctx, store.Question{ID: h.req.ID, User: h.req.Person.ID, Body: body}); err != nil {
		return err
	}
	return h.replyPrivately(ctx, permuteQuestion(h.req.ID, entries, pictures, time.Duration(cost)*time.Millisecond))
}

// permuteQuestion names how many pictures it would be, what they would take, and the first prompts.
func permuteQuestion(id string, entries []store.Job, pictures int, cost time.Duration) message.Message {
	lines := []string{fmt.Sprintf("**%d prompts, %d pictures**, about %s of painting. Shall I paint them all?", len(entries), pictures, roughly(cost))}
	for i, e := range entries {
		if i == promptsListed {
			lines = append(lines, fmt.Sprintf("• … and %d more", len(entries)-i))
			break
		}
		lines = append(lines, "• "+promptLine(e))
	}
	press := func(style message.Style, label, answer string) message.Button {
		return message.Button{Style: style, Label: label, ID: button.ID{Verb: button.Permute, Job: id, Arg: answer}.String()}
	}
	return message.Message{Content: strings.Join(lines, "\n"), Rows: []message.Row{{
		press(message.Success, "Paint them all", permuteYes), press(message.Secondary, "Cancel", permuteNo), press(message.Secondary, "Edit prompt", permuteEdit),
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

// permute is a button under that question.
func (h *handler) answerQuestion(ctx context.Context) error {
	w, err := h.pendingRequest(ctx)
	if err != nil {
		return err
	}
	switch h.click.Arg {
	case permuteEdit:
		_, err := h.respond(ctx, message.OpenForm(message.Form{
			ID: h.click.String(), Title: "Edit prompt",
			Fields: []message.Field{{ID: fieldPrompt, Label: "Prompt", Value: w.Wanted.Prompt, Long: true, Max: picture.MaxPromptRunes}},
		}))
		return err
	case permuteNo:
		if _, err := h.db.DropQuestion(ctx, h.click.Job); err != nil {
			return err
		}
		_, err := h.respond(ctx, message.Update(message.Message{Content: "Nothing was painted."}))
		return err
	case permuteYes:
		w.Confirmed = true
		return h.submitConfirmed(ctx, w)
	}
	return errOldButton
}

// reworded is the form that the question's third button opens: the wish in other words, which may need no question.
func (h *handler) submitEditedPrompt(ctx context.Context) error {
	w, err := h.pendingRequest(ctx)
	if err != nil {
		return err
	}
	w.Wanted.Prompt = h.req.Options[fieldPrompt]
	return h.submitConfirmed(ctx, w)
}

// decided grants a wish that somebody was asked about, unless another answer came first. What is not accepted may be
// asked again, whatever went wrong.
func (h *handler) submitConfirmed(ctx context.Context, w permutationRequest) error {
	taken, err := h.db.DropQuestion(ctx, h.click.Job)
	if err != nil {
		return err
	}
	if !taken {
		return errQuestionGone
	}
	err = h.submitPermutations(ctx, w)
	if err == nil || h.accepted {
		return err
	}
	body, jerr := json.Marshal(w)
	again, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptTimeout)
	defer cancel()
	return errors.Join(err, jerr, h.db.PutQuestion(again, store.Question{ID: h.click.Job, User: h.req.Person.ID, Body: body}))
}

// asked is the wish that somebody was asked about.
func (h *handler) pendingRequest(ctx context.Context) (w permutationRequest, err error) {
	a, err := h.db.Question(ctx, h.click.Job)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return w, errQuestionGone
	case err != nil:
		return w, err
	case a.User != h.req.Person.ID:
		return w, errNotYours
	}
	if err := json.Unmarshal(a.Body, &w); err != nil {
		return w, fmt.Errorf("read question %s: %w", a.ID, err)
	}
	return w, nil
}

// underway replaces the question once it was answered.
func permutationsAccepted(n int) string {
	if n == 1 {
		return "Painting it. Its message follows."
	}
	return fmt.Sprintf("Painting %d prompts. Each has a message of its own.", n)
}

// together is what there is to tell about several promises, each thing once.
func mergeNotes(jobs []newJob) newJob {
	p := jobs[0]
	for _, other := range jobs[1:] {
		for _, n := range other.resolved.Notes {
			if !slices.Contains(p.resolved.Notes, n) {
				p.resolved.Notes = append(p.resolved.Notes, n)
			}
		}
		for _, word := range other.resolved.UnknownWords {
			if !slices.Contains(p.resolved.UnknownWords, word) {
				p.resolved.UnknownWords = append(p.resolved.UnknownWords, word)
			}
		}
		if len(p.resolved.Examples) == 0 {
			p.resolved.Examples = other.resolved.Examples
		}
	}
	return p
}
