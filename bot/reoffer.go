package bot

import (
	"context"
	"errors"
	"fmt"

	"darkroom/bot/button"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/store"
)

// reofferAll offers to paint pictures again that found no place to go. One failure that may pass ends the round.
func (b *Bot) reofferAll(ctx context.Context) {
	if mine, err := b.claim(ctx, "offers:"+b.o.Pool, backgroundTimeout); err != nil || !mine {
		return
	}
	pending, err := b.db.PendingOffers(ctx, reofferBatch)
	if err != nil && ctx.Err() == nil {
		b.log.Warn("owed offers cannot be read", "error", err)
	}
	for _, d := range pending {
		if err := b.reoffer(ctx, d); err != nil {
			if ctx.Err() == nil {
				b.log.Warn("an offer to paint again is still owed", "job", d.Job, "error", rest.Redact(err.Error()))
			}
			return
		}
	}
}

// offer1 makes one offer: in the job's own message, else in its channel, else in direct messages, else in the inbox.
func (b *Bot) reoffer(ctx context.Context, d store.Delivery) error {
	e, err := b.db.Find(ctx, d.Job)
	if err != nil {
		return err
	}
	v, err := decodeJob(e)
	if err != nil {
		b.log.Error("a job cannot be read", "job", e.ID, "error", err)
		return b.db.MoveToInbox(ctx, e.ID, reasonUnreadable)
	}
	m := message.Reoffer(v.address, v.spec, e.ID)
	if e.Message != "" && !v.address.Ephemeral {
		_, err := b.discord.EditMessage(ctx, v.address.Channel, e.Message, m)
		if err == nil || rest.Removed(err) {
			return b.db.MarkSent(ctx, e.ID, v.address.Channel, e.Message)
		}
		if !rest.Final(err) {
			return fmt.Errorf("offer to paint again: %w", err)
		}
	}
	m.Nonce, m.AllowUsers = e.ID, []string{v.address.User}
	p, err := b.newIdempotentPost(ctx, e, v, showButton(e.ID), m)
	if err != nil {
		return err
	}
	err = p.send(ctx)
	if errors.Is(err, errUndeliverable) || errors.Is(err, errMaybePosted) || rest.Final(err) {
		return b.db.MoveToInbox(ctx, e.ID, err.Error())
	}
	return err
}

func showButton(job string) string { return button.ID{Verb: button.Show, Job: job}.String() }
