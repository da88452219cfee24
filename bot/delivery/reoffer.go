package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/store"
)

// reofferBatch is how many offers one round makes.
const reofferBatch = 50

// reofferStore knows which offers are due.
type reofferStore interface {
	finder
	reoffers
	MarkSent(ctx context.Context, job, channel, message string) error
}

// reofferer offers to paint pictures again that are lost.
type reofferer struct {
	db        reofferStore
	posts     *poster
	discord   *rest.Client
	claim     claim
	claimName string
	log       *slog.Logger
}

// all makes the offers that are due. One failure that may pass ends the round.
func (r *reofferer) all(ctx context.Context) {
	if mine, err := r.claim(ctx, r.claimName, backgroundTimeout); err != nil || !mine {
		return
	}
	pending, err := r.db.PendingOffers(ctx, reofferBatch)
	if err != nil && ctx.Err() == nil {
		r.log.Warn("the offers that are due cannot be read", "error", err)
	}
	for _, d := range pending {
		if err := r.offer(ctx, d); err != nil {
			if ctx.Err() == nil {
				r.log.Warn("an offer to paint again is not made yet", "job", d.Job, "error", rest.Redact(err.Error()))
			}
			return
		}
	}
}

// offer makes one offer: in the job's own message, else in its channel, else in direct messages, else in the inbox.
func (r *reofferer) offer(ctx context.Context, d store.Delivery) error {
	row, err := r.db.Find(ctx, d.Job)
	if err != nil {
		return err
	}
	j, err := job.Read(row)
	if err != nil {
		r.log.Error("a job cannot be read", "job", row.ID, "error", err)
		return r.db.MoveToInbox(ctx, row.ID, message.ReasonUnreadable)
	}
	m := message.Reoffer(j.Address, j.Spec, j.ID)
	if j.Message != "" && !j.Address.Ephemeral {
		_, err := r.discord.EditMessage(ctx, j.Address.Channel, j.Message, m)
		if err == nil || rest.Removed(err) {
			return r.db.MarkSent(ctx, j.ID, j.Address.Channel, j.Message)
		}
		if !rest.Final(err) {
			return fmt.Errorf("offer to paint again: %w", err)
		}
	}
	post, err := r.posts.begin(ctx, j, j.ShowID(), m)
	if err != nil {
		return err
	}
	err = post.send(ctx)
	if errors.Is(err, errUndeliverable) || errors.Is(err, errMaybePosted) || rest.Final(err) {
		return r.db.MoveToInbox(ctx, j.ID, err.Error())
	}
	return err
}
