package bot

import (
	"context"
	"errors"
	"fmt"

	"darkroom/bot/button"
	"darkroom/bot/reply"
	"darkroom/store"
)

// makeOffers offers to paint pictures again that found no place to go. One failure that may pass ends the round.
func (b *Bot) makeOffers(ctx context.Context) {
	if mine, err := b.claim(ctx, "offers:"+b.o.Pool, asideLimit); err != nil || !mine {
		return
	}
	owed, err := b.ledger.Offers(ctx, offersAtOnce)
	if err != nil && ctx.Err() == nil {
		b.log.Warn("owed offers cannot be read", "error", err)
	}
	for _, d := range owed {
		if err := b.offer1(ctx, d); err != nil {
			if ctx.Err() == nil {
				b.log.Warn("an offer to paint again is still owed", "job", d.Job, "error", reply.Redact(err.Error()))
			}
			return
		}
	}
}

// offer1 makes one offer: in the job's own message, else in its channel, else in direct messages, else in the inbox.
func (b *Bot) offer1(ctx context.Context, d store.Delivery) error {
	e, err := b.ledger.Find(ctx, d.Job)
	if err != nil {
		return err
	}
	v, err := see(e)
	if err != nil {
		b.log.Error("a job cannot be read", "job", e.ID, "error", err)
		return b.ledger.Inboxed(ctx, e.ID, reasonBroken)
	}
	m := reply.Stranded(v.to, v.spec, e.ID)
	if e.Message != "" && !v.to.Ephemeral {
		_, err := b.discord.EditMessage(ctx, v.to.Channel, e.Message, m)
		if err == nil || reply.Removed(err) {
			return b.ledger.Sent(ctx, e.ID, v.to.Channel, e.Message)
		}
		if !reply.Final(err) {
			return fmt.Errorf("offer to paint again: %w", err)
		}
	}
	m.Nonce, m.AllowUsers = e.ID, []string{v.to.User}
	p, err := b.parcel(ctx, e, v, showButton(e.ID), m)
	if err != nil {
		return err
	}
	err = p.send(ctx)
	if errors.Is(err, errNowhere) || errors.Is(err, errUnsure) || reply.Final(err) {
		return b.ledger.Inboxed(ctx, e.ID, err.Error())
	}
	return err
}

func showButton(job string) string { return button.ID{Verb: button.Show, Job: job}.String() }
