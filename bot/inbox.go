package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/store"
)

const (
	// maxInboxListed is how many deliveries /inbox lists; each has a button, of which five stand in a row.
	maxInboxListed = 10
	// relistShownFor is how long /inbox still lists what was shown: a private message is gone when Discord is restarted.
	relistShownFor = 24 * time.Hour
	// fromInbox marks a Show button of an inbox: the pictures come in a message of their own.
	fromInbox = "inbox"
)

// inbox lists the pictures that could be posted nowhere, each with a button that shows it.
func (h *handler) showInbox(ctx context.Context) error {
	all, err := h.db.InboxOf(ctx, h.req.Person.ID, h.o.Now().Add(-relistShownFor))
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return h.replyPrivately(ctx, message.Message{Content: "Your inbox is empty: everything I painted for you found its place."})
	}
	lines, rows := []string{"**Your inbox:** painted, but nowhere to be posted."}, []message.Row{}
	for i, d := range all {
		if i == maxInboxListed {
			lines = append(lines, fmt.Sprintf("… and %d more", len(all)-maxInboxListed))
			break
		}
		lines = append(lines, strconv.Itoa(i+1)+". "+h.inboxLine(ctx, d))
		if i%5 == 0 {
			rows = append(rows, message.Row{})
		}
		id := button.ID{Verb: button.Show, Job: d.Job, Arg: fromInbox}
		rows[len(rows)-1] = append(rows[len(rows)-1], message.Button{Style: message.Primary, Label: "Show " + strconv.Itoa(i+1), ID: id.String()})
	}
	return h.replyPrivately(ctx, message.Message{Content: strings.Join(lines, "\n"), Rows: rows})
}

// inboxLine is one delivery in the list.
func (h *handler) inboxLine(ctx context.Context, d store.Delivery) string {
	e, err := h.db.Find(ctx, d.Job)
	if err != nil {
		return d.Job
	}
	line := promptLine(e) + " — " + message.RelativeTime(e.Created)
	switch {
	case d.State == store.InboxShown:
		line += " (shown)"
	case d.Reason != "":
		line += "\n-# " + message.Escape(d.Reason)
	}
	return line
}

// countInbox counts the pictures that their owner has not seen. It only adds to a note, so an error counts as none.
func (h *handler) countInbox(ctx context.Context) int {
	all, err := h.db.InboxOf(ctx, h.req.Person.ID, h.o.Now().Add(time.Hour)) // no shown ones
	if err != nil {
		h.log.Warn("an inbox could not be counted", "error", err)
	}
	return len(all)
}

// unwrap shows pictures out of the inbox: those that were kept, or else they are painted again with the same settings.
func (h *handler) openFromInbox(ctx context.Context, e store.Job, v decodedJob) error {
	if e.User != h.req.Person.ID {
		return errNotYours
	}
	pictures, err := h.db.InboxPictures(ctx, e.ID)
	if err != nil {
		return err
	}
	if len(pictures) == 0 || tooLarge(pictures, h.req.Place.FileLimit) {
		return h.renderAgain(ctx, e, v)
	}
	hidden := h.req.Place.Guild != ""
	if _, err := h.respond(ctx, message.Defer(hidden)); err != nil {
		return err
	}
	h.deferred = true
	to := h.address()
	to.Verb, to.Tile, to.Spoiler, to.Ephemeral = v.address.Verb, v.address.Tile, e.Spoiler, hidden
	if _, err := h.discord.EditResponse(ctx, to, inboxMessage(e, v.spec, to, pictures)); err != nil {
		return fmt.Errorf("show job %s from the inbox: %w", e.ID, err)
	}
	return h.db.MarkInboxShown(ctx, e.ID)
}

// renderAgain paints what an inbox no longer holds.
func (h *handler) renderAgain(ctx context.Context, e store.Job, v decodedJob) error {
	err := h.submitDerived(ctx, e, v.spec, newJob{verb: v.address.Verb, tile: v.address.Tile, private: h.req.Place.Guild != ""})
	if err != nil {
		return err
	}
	return h.db.MarkInboxShown(ctx, e.ID)
}

func inboxMessage(e store.Job, spec picture.Spec, to message.Address, pictures []store.InboxPicture) message.Message {
	var files []message.File
	for _, p := range pictures {
		files = append(files, message.File{Name: p.Name, Data: p.Data})
	}
	return message.Finished(to, spec, e.ID, files, outcomeOf(e).Files)
}

func tooLarge(pictures []store.InboxPicture, limit int64) bool {
	for _, p := range pictures {
		if int64(len(p.Data)) > limit {
			return true
		}
	}
	return false
}
