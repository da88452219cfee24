package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/reply"
	"darkroom/render/picture"
	"darkroom/store"
)

const (
	// inboxShown is how many deliveries /inbox lists; each has a button, of which five stand in a row.
	inboxShown = 10
	// inboxAgain is how long /inbox still lists what was shown: a private message is gone when Discord is restarted.
	inboxAgain = 24 * time.Hour
	// fromInbox marks a Show button of an inbox: the pictures come in a message of their own.
	fromInbox = "inbox"
)

// inbox lists the pictures that could be posted nowhere, each with a button that shows it.
func (t *turn) inbox(ctx context.Context) error {
	all, err := t.ledger.InboxOf(ctx, t.req.Person.ID, t.o.Now().Add(-inboxAgain))
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return t.tell(ctx, reply.Message{Content: "Your inbox is empty: everything I painted for you found its place."})
	}
	lines, rows := []string{"**Your inbox:** painted, but nowhere to be posted."}, []reply.Row{}
	for i, d := range all {
		if i == inboxShown {
			lines = append(lines, fmt.Sprintf("… and %d more", len(all)-inboxShown))
			break
		}
		lines = append(lines, strconv.Itoa(i+1)+". "+t.inboxLine(ctx, d))
		if i%5 == 0 {
			rows = append(rows, reply.Row{})
		}
		id := button.ID{Verb: button.Show, Job: d.Job, Arg: fromInbox}
		rows[len(rows)-1] = append(rows[len(rows)-1], reply.Button{Style: reply.Primary, Label: "Show " + strconv.Itoa(i+1), ID: id.String()})
	}
	return t.tell(ctx, reply.Message{Content: strings.Join(lines, "\n"), Rows: rows})
}

// inboxLine is one delivery in the list.
func (t *turn) inboxLine(ctx context.Context, d store.Delivery) string {
	e, err := t.ledger.Find(ctx, d.Job)
	if err != nil {
		return d.Job
	}
	line := promptLine(e) + " — " + reply.When(e.Created)
	switch {
	case d.State == store.Shown:
		line += " (shown)"
	case d.Reason != "":
		line += "\n-# " + reply.Escape(d.Reason)
	}
	return line
}

// waitingInbox counts the pictures that their owner has not seen. It only adds to a note, so an error counts as none.
func (t *turn) waitingInbox(ctx context.Context) int {
	all, err := t.ledger.InboxOf(ctx, t.req.Person.ID, t.o.Now().Add(time.Hour)) // no shown ones
	if err != nil {
		t.log.Warn("an inbox could not be counted", "error", err)
	}
	return len(all)
}

// unwrap shows pictures out of the inbox: those that were kept, or else they are painted again with the same settings.
func (t *turn) unwrap(ctx context.Context, e store.Entry, v view) error {
	if e.User != t.req.Person.ID {
		return errNotYours
	}
	kept, err := t.ledger.Kept(ctx, e.ID)
	if err != nil {
		return err
	}
	if len(kept) == 0 || tooLarge(kept, t.req.Place.FileLimit) {
		return t.paintAgain(ctx, e, v)
	}
	hidden := t.req.Place.Guild != ""
	if _, err := t.answer(ctx, reply.Defer(hidden)); err != nil {
		return err
	}
	t.thinking = true
	to := t.to()
	to.Verb, to.Tile, to.Spoiler, to.Ephemeral = v.to.Verb, v.to.Tile, e.Spoiler, hidden
	if _, err := t.discord.Edit(ctx, to, keptMessage(e, v.spec, to, kept)); err != nil {
		return fmt.Errorf("show job %s from the inbox: %w", e.ID, err)
	}
	return t.ledger.ShownInInbox(ctx, e.ID)
}

// paintAgain paints what an inbox no longer holds.
func (t *turn) paintAgain(ctx context.Context, e store.Entry, v view) error {
	err := t.repaint(ctx, e, v.spec, promise{verb: v.to.Verb, tile: v.to.Tile, hidden: t.req.Place.Guild != ""})
	if err != nil {
		return err
	}
	return t.ledger.ShownInInbox(ctx, e.ID)
}

func keptMessage(e store.Entry, spec picture.Spec, to reply.To, kept []store.Picture) reply.Message {
	var files []reply.File
	for _, p := range kept {
		files = append(files, reply.File{Name: p.Name, Data: p.Data})
	}
	return reply.Finished(to, spec, e.ID, files, outcomeOf(e).Files)
}

func tooLarge(kept []store.Picture, limit int64) bool {
	for _, p := range kept {
		if int64(len(p.Data)) > limit {
			return true
		}
	}
	return false
}
