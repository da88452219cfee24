package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/store"
)

// reofferBatch is how many offers one round looks at.
const reofferBatch = 1000

// reofferStore knows which offers are due.
type reofferStore interface {
	finder
	reoffers
	MarkSent(ctx context.Context, job, channel, message string) error
}

// reofferer offers to render images again that are lost, and tells of failed jobs what their own messages could not
// tell.
type reofferer struct {
	db          reofferStore
	posts       *poster
	discord     *rest.Client
	corrections *corrector
	rounds      *rounds
	now         func() time.Time
	log         *slog.Logger
}

// all makes the offers that are due.
func (r *reofferer) all(ctx context.Context) {
	r.rounds.run(ctx, "how it ended", func(ctx context.Context) (jobs []string, err error) {
		pending, err := r.db.PendingOffers(ctx, reofferBatch)
		for _, d := range pending {
			jobs = append(jobs, d.Job)
		}
		return jobs, err
	}, r.offer)
}

// offer makes one offer: in the job's own message, else in its channel, else in direct messages, else in the inbox. It
// goes into the inbox too when it could not be made for a day.
func (r *reofferer) offer(ctx context.Context, id string) error {
	row, err := r.db.Find(ctx, id)
	if err != nil {
		return err
	}
	j, err := job.Read(row)
	if err != nil {
		r.log.Error("a job cannot be read", "job", row.ID, "error", err)
		return r.db.MoveToInbox(ctx, row.ID, message.ReasonUnreadable)
	}
	if j.State == store.Failed {
		err = r.apologise(ctx, j)
	} else {
		err = r.reoffer(ctx, j)
	}
	if err != nil && r.now().Sub(j.Updated) > deliverFor {
		return r.db.MoveToInbox(ctx, j.ID, message.ReasonUndeliverable)
	}
	return err
}

// reoffer offers to render lost images again.
func (r *reofferer) reoffer(ctx context.Context, j job.Job) error {
	m := message.Reoffer(j.Address, j.Spec, j.ID)
	if j.Message != "" && !j.Address.Ephemeral {
		_, err := r.discord.EditMessage(ctx, j.Address.Channel, j.Message, m)
		if err == nil || rest.Removed(err) {
			return r.db.MarkSent(ctx, j.ID, j.Address.Channel, j.Message)
		}
		if !rest.Final(err) {
			return fmt.Errorf("offer to render again: %w", err)
		}
	}
	return r.postElsewhere(ctx, j, j.ShowID(), m)
}

// postElsewhere posts a message about a job whose own message is closed: in its channel, else in direct messages, else
// in the inbox.
func (r *reofferer) postElsewhere(ctx context.Context, j job.Job, marker string, m message.Message) error {
	post, err := r.posts.begin(ctx, j, marker, m)
	if err != nil {
		return err
	}
	err = post.send(ctx)
	switch {
	case errors.Is(err, errUndeliverable), errors.Is(err, errMaybePosted):
		return r.db.MoveToInbox(ctx, j.ID, err.Error())
	case rest.Final(err):
		return r.db.MoveToInbox(ctx, j.ID, message.ReasonUndeliverable)
	case err != nil:
		return err
	}
	if j.Message == "" || j.Message == post.recorded.Message || j.Address.Ephemeral {
		return nil
	}
	if err := r.discord.DeleteMessage(ctx, j.Address.Channel, j.Message); err != nil && !rest.Removed(err) {
		r.log.Info("a waiting message stays beside its end", "job", j.ID, "error", rest.Redact(err.Error()))
	}
	return nil
}
