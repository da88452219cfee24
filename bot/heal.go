package bot

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// healFor is how long one of several bots may take to begin an epoch before another one does it.
	healFor = 10 * time.Second
	// healClaim names the claim to begin the next epoch of a pool.
	healClaim = "heal:"
)

// errHealing means that another bot is beginning an epoch.
var errHealing = errors.New("another bot begins the queue anew")

// heal compares the queue's epoch with SQL's. A queue that is empty, or at any other epoch, is begun anew, with a number
// it never had: leases from before are worth nothing after that.
func (b *Bot) heal(ctx context.Context) (int64, error) {
	if sound, err := b.sound(ctx); err != nil || sound > 0 {
		b.rival.ours(sound)
		return sound, err
	}
	mine, err := b.claim(ctx, healClaim+b.o.Pool, healFor)
	if err != nil {
		return 0, err
	}
	if !mine {
		return 0, errHealing
	}
	if sound, err := b.sound(ctx); err != nil || sound > 0 {
		b.rival.ours(sound)
		return sound, err // somebody was faster
	}
	return b.begin(ctx)
}

// sound returns the epoch in which queue and ledger agree, 0 if they do not.
func (b *Bot) sound(ctx context.Context) (int64, error) {
	has, empty, err := b.line.Epoch(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for epoch: %w", err)
	}
	want, err := b.ledger.CurrentEpoch(ctx, b.o.Pool)
	if err != nil || empty || has != want {
		return 0, err
	}
	return want, nil
}

// begin begins the next epoch, with the same stops as before: they are there before the line is, so that nothing is lent
// meanwhile, and the relay looks at them again afterwards.
func (b *Bot) begin(ctx context.Context) (int64, error) {
	has, empty, err := b.line.Epoch(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for epoch: %w", err)
	}
	want, err := b.ledger.CurrentEpoch(ctx, b.o.Pool)
	if err != nil {
		return 0, err
	}
	foreign := !empty && b.rival.began(has, want)
	if foreign && b.rival.tooMany(b.o.Now()) {
		return 0, errRival
	}
	next, err := b.ledger.NextEpoch(ctx, b.o.Pool)
	for err == nil && next <= has { // SQL was restored from an older copy: step over what the queue already used
		next, err = b.ledger.NextEpoch(ctx, b.o.Pool)
	}
	if err != nil {
		return 0, err
	}
	b.stops.Store(true)
	if err := b.restop(ctx); err != nil {
		return 0, err
	}
	if err := b.line.Begin(ctx, next); err != nil {
		return 0, fmt.Errorf("begin epoch %d: %w", next, err)
	}
	b.rival.ours(next)
	b.refilled.Store(b.o.Now().UnixNano())
	if foreign {
		b.rival.met(b.o.Now())
		b.log.Warn("another bot began an epoch that this bot's Redis does not show", "epoch", want)
	}
	b.log.Info("the queue begins a new epoch", "epoch", next, "before", has, "empty", empty)
	return next, nil
}
