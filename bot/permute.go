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
	"darkroom/bot/reply"
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

const errAskGone = no("That question was answered already, or is too old. Ask again with /imagine.")

// confirm asks whether all permutations of a wish shall be painted, once it is known that they may be. What was asked is
// written down, so that any bot can hear the answer, and a new one after a restart.
func (t *turn) confirm(ctx context.Context, w wish, rules []judge) error {
	ctx, cancel := context.WithTimeout(ctx, acceptWithin)
	defer cancel()
	server := account(t.req.Place.Guild)
	policy, err := t.ledger.Policy(ctx, server)
	if err != nil {
		return err
	}
	_, entries, err := t.judgeAll(ctx, rules, admit.Policy(policy), nil)
	if err != nil {
		return err
	}
	use, err := t.ledger.Usage(ctx, server, t.req.Person.ID)
	if err != nil {
		return err
	}
	pictures, cost := 0, int64(0)
	for _, e := range entries {
		pictures, cost = pictures+e.Pictures, cost+e.Cost
	}
	if no := admit.Check(admit.Policy(policy), admit.Usage(use), pictures); no != nil {
		return no
	}
	body, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("write down a question: %w", err)
	}
	if err := t.ledger.PutAsk(ctx, store.Ask{ID: t.req.ID, User: t.req.Person.ID, Body: body}); err != nil {
		return err
	}
	return t.tell(ctx, permuteQuestion(t.req.ID, entries, pictures, time.Duration(cost)*time.Millisecond))
}

// permuteQuestion names how many pictures it would be, what they would take, and the first prompts.
func permuteQuestion(id string, entries []store.Entry, pictures int, cost time.Duration) reply.Message {
	lines := []string{fmt.Sprintf("**%d prompts, %d pictures**, about %s of painting. Shall I paint them all?", len(entries), pictures, roughly(cost))}
	for i, e := range entries {
		if i == promptsListed {
			lines = append(lines, fmt.Sprintf("• … and %d more", len(entries)-i))
			break
		}
		lines = append(lines, "• "+promptLine(e))
	}
	press := func(style reply.Style, label, answer string) reply.Button {
		return reply.Button{Style: style, Label: label, ID: button.ID{Verb: button.Permute, Job: id, Arg: answer}.String()}
	}
	return reply.Message{Content: strings.Join(lines, "\n"), Rows: []reply.Row{{
		press(reply.Success, "Paint them all", permuteYes), press(reply.Secondary, "Cancel", permuteNo), press(reply.Secondary, "Edit prompt", permuteEdit),
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
func (t *turn) permute(ctx context.Context) error {
	w, err := t.asked(ctx)
	if err != nil {
		return err
	}
	switch t.click.Arg {
	case permuteEdit:
		_, err := t.answer(ctx, reply.Ask(reply.Form{
			ID: t.click.String(), Title: "Edit prompt",
			Fields: []reply.Field{{ID: fieldPrompt, Label: "Prompt", Value: w.Wanted.Prompt, Long: true, Max: picture.MaxPromptRunes}},
		}))
		return err
	case permuteNo:
		if _, err := t.ledger.DropAsk(ctx, t.click.Job); err != nil {
			return err
		}
		_, err := t.answer(ctx, reply.Update(reply.Message{Content: "Nothing was painted."}))
		return err
	case permuteYes:
		w.Sure = true
		return t.decided(ctx, w)
	}
	return errOldButton
}

// reworded is the form that the question's third button opens: the wish in other words, which may need no question.
func (t *turn) reworded(ctx context.Context) error {
	w, err := t.asked(ctx)
	if err != nil {
		return err
	}
	w.Wanted.Prompt = t.req.Options[fieldPrompt]
	return t.decided(ctx, w)
}

// decided grants a wish that somebody was asked about, unless another answer came first. What is not accepted may be
// asked again, whatever went wrong.
func (t *turn) decided(ctx context.Context, w wish) error {
	taken, err := t.ledger.DropAsk(ctx, t.click.Job)
	if err != nil {
		return err
	}
	if !taken {
		return errAskGone
	}
	err = t.grant(ctx, w)
	if err == nil || t.accepted {
		return err
	}
	body, jerr := json.Marshal(w)
	again, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptWithin)
	defer cancel()
	return errors.Join(err, jerr, t.ledger.PutAsk(again, store.Ask{ID: t.click.Job, User: t.req.Person.ID, Body: body}))
}

// asked is the wish that somebody was asked about.
func (t *turn) asked(ctx context.Context) (w wish, err error) {
	a, err := t.ledger.Ask(ctx, t.click.Job)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return w, errAskGone
	case err != nil:
		return w, err
	case a.User != t.req.Person.ID:
		return w, errNotYours
	}
	if err := json.Unmarshal(a.Body, &w); err != nil {
		return w, fmt.Errorf("read question %s: %w", a.ID, err)
	}
	return w, nil
}

// underway replaces the question once it was answered.
func underway(n int) string {
	if n == 1 {
		return "Painting it. Its message follows."
	}
	return fmt.Sprintf("Painting %d prompts. Each has a message of its own.", n)
}

// together is what there is to tell about several promises, each thing once.
func together(made []promise) promise {
	p := made[0]
	for _, other := range made[1:] {
		for _, n := range other.order.Notes {
			if !slices.Contains(p.order.Notes, n) {
				p.order.Notes = append(p.order.Notes, n)
			}
		}
		for _, word := range other.order.Unknown {
			if !slices.Contains(p.order.Unknown, word) {
				p.order.Unknown = append(p.order.Unknown, word)
			}
		}
		if len(p.order.Examples) == 0 {
			p.order.Examples = other.order.Examples
		}
	}
	return p
}
