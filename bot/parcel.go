package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/reply"
	"darkroom/store"
)

// nonceSure is how long a repeated post surely returns the first one. Discord remembers a nonce for "a few minutes".
// Source: Discord, resources/message, "enforce_nonce".
const nonceSure = time.Minute

// Why a parcel arrives nowhere, as its owner reads it.
const (
	errNowhere = no("I could post neither in the channel nor in your direct messages")
	errUnsure  = no("I may have posted them already, but cannot look")
)

// parcel is a new message about a job that must appear once: late pictures, or an offer to paint them again. Before it
// is posted, where it goes is written down. Whoever finds such a note after a crash repeats the post while Discord
// remembers its nonce, and looks for the message after that; if it cannot look, it posts nothing any more.
type parcel struct {
	*Bot
	e       store.Entry
	v       view
	known   store.Delivery
	mark    string // a custom_id that only this message carries
	message reply.Message
}

func (b *Bot) parcel(ctx context.Context, e store.Entry, v view, mark string, m reply.Message) (*parcel, error) {
	known, err := b.ledger.Delivery(ctx, e.ID)
	return &parcel{Bot: b, e: e, v: v, known: known, mark: mark, message: m}, err
}

// send posts the message where it can be posted: in the job's channel unless it is private, else in direct messages. It
// returns errNowhere when both are closed, errUnsure when it may have been posted, or why it should be tried later.
func (p *parcel) send(ctx context.Context) error {
	if p.known.Channel != "" && p.known.Message == "" {
		if done, err := p.settle(ctx); done || err != nil {
			return err
		}
	}
	var err error = errNowhere
	if !p.v.to.Ephemeral {
		err = p.into(ctx, p.v.to.Channel)
	}
	if errors.Is(err, errNowhere) || reply.Final(err) && !reply.TooLarge(err) {
		err = p.direct(ctx)
	}
	return err
}

// settle finds out what became of an earlier post. done tells that it arrived.
func (p *parcel) settle(ctx context.Context) (done bool, err error) {
	if p.o.Now().Sub(p.known.At) < nonceSure {
		err := p.post(ctx, p.known.Channel)
		if err == nil || !reply.Final(err) {
			return err == nil, err
		}
	}
	// A minute of grace: clocks differ, and an id made by Discord's is compared with ours.
	found, err := p.discord.Search(ctx, p.known.Channel, p.known.At.Add(-time.Minute), p.mark)
	switch {
	case reply.Removed(err):
		return false, nil // whatever was there went with its channel
	case reply.Final(err) || err == nil && !found.Sure:
		return false, errUnsure
	case err != nil:
		return false, fmt.Errorf("look for an earlier post: %w", err)
	case found.Message.ID == "":
		return false, nil
	}
	return true, p.arrived1(ctx, p.known.Channel, found.Message.ID)
}

// into posts the message in a channel, once the intent is written down.
func (p *parcel) into(ctx context.Context, channel string) error {
	if err := p.ledger.Sending(ctx, p.e.ID, channel); err != nil {
		return err
	}
	return p.post(ctx, channel)
}

func (p *parcel) post(ctx context.Context, channel string) error {
	m, err := p.discord.Post(ctx, channel, p.message)
	if err != nil {
		return fmt.Errorf("post late: %w", err)
	}
	return p.arrived1(ctx, channel, m.ID)
}

// arrived1 notes where the message is.
func (p *parcel) arrived1(ctx context.Context, channel, message string) error {
	if err := p.ledger.Sent(ctx, p.e.ID, channel, message); err != nil {
		return err
	}
	p.known.State, p.known.Channel, p.known.Message = store.Posted, channel, message
	return nil
}

func (p *parcel) direct(ctx context.Context) error {
	channel, err := p.discord.Direct(ctx, p.v.to.User)
	if err == nil {
		err = p.into(ctx, channel)
	}
	if reply.Final(err) && !reply.TooLarge(err) {
		p.log.Info("direct messages are closed", "job", p.e.ID, "error", reply.Redact(err.Error()))
		return errNowhere
	}
	return err
}
