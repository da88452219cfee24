package interaction

import (
	"context"
	"fmt"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/store"
)

// RelistShownFor is how long /inbox still lists images after they were shown: a private message is gone when Discord
// restarts.
const RelistShownFor = 24 * time.Hour

// inboxes holds ends of jobs that could not be posted.
type inboxes interface {
	finder
	inboxOf
	InboxPictures(ctx context.Context, job string) ([]store.InboxPicture, error)
	MarkInboxShown(ctx context.Context, job string) error
}

// inbox is /inbox.
type inbox struct {
	db     inboxes
	submit *submitter
	now    func() time.Time
}

// list lists the jobs whose ends could not be posted, each with a button that shows its images. The list itself shows
// which jobs failed.
func (b *inbox) list(ctx context.Context, r *responder) error {
	all, err := b.db.InboxOf(ctx, r.req.Person.ID, b.now().Add(-RelistShownFor))
	if err != nil {
		return err
	}
	var entries []message.InboxEntry
	var failed []string
	for i, d := range all {
		e := message.InboxEntry{Job: d.Job, Shown: d.State == store.InboxShown, Reason: d.Reason}
		if row, err := b.db.Find(ctx, d.Job); err == nil {
			j, _ := job.Read(row)
			e.Title, e.Asked = j.Title(), j.Created
			if j.State == store.Failed {
				e.Failed = message.FailureReason(j.Reason)
			}
			if e.Failed != "" && !e.Shown && i < message.MaxInboxListed {
				failed = append(failed, j.ID)
			}
		}
		entries = append(entries, e)
	}
	if err := r.replyPrivately(ctx, message.Inbox(r.req.Language, entries)); err != nil {
		return err
	}
	for _, id := range failed {
		if err := b.db.MarkInboxShown(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// open shows the images of an inbox entry. If they are no longer stored, it renders them again with the same settings.
func (b *inbox) open(ctx context.Context, r *responder, j job.Job) error {
	if j.User != r.req.Person.ID {
		return message.ErrNotYours
	}
	pictures, err := b.db.InboxPictures(ctx, j.ID)
	if err != nil {
		return err
	}
	hidden := r.req.Place.Guild != ""
	if len(pictures) == 0 {
		return b.renderAgain(ctx, r, j, hidden)
	}
	if err := r.postpone(ctx, hidden); err != nil {
		return err
	}
	to := r.address()
	to.Verb, to.Tile, to.Spoiler, to.Ephemeral = j.Address.Verb, j.Address.Tile, j.Spoiler, hidden
	to.Language = r.languageFor(to.Ephemeral)
	to.Card, to.Flags, to.Draft = !b.submit.plain, j.Address.Flags, j.Address.Draft
	var files []message.File
	for _, p := range pictures {
		files = append(files, message.File{Name: p.Name, Data: p.Data})
	}
	out := j.Outcome()
	images := rest.NewUpload(files, out.Files, to.FileLimit)
	if err := r.editImages(ctx, images, to, j.Spec, j.ID, message.Result{Millis: out.Millis}); err != nil {
		return fmt.Errorf("show job %s from the inbox: %w", j.ID, err)
	}
	return b.db.MarkInboxShown(ctx, j.ID)
}

// renderAgain renders images that the inbox no longer holds.
func (b *inbox) renderAgain(ctx context.Context, r *responder, j job.Job, hidden bool) error {
	err := b.submit.derived(ctx, r, j, j.Spec, newJob{
		verb: j.Address.Verb, tile: j.Address.Tile, private: hidden, settled: true, // a late one lies in the inbox again
	})
	if err != nil {
		return err
	}
	return b.db.MarkInboxShown(ctx, j.ID)
}
