package bot

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// epochClaimLife is how long one of several bots may take to begin an epoch before another one does it.
	epochClaimLife = 10 * time.Second
	// epochClaim names the claim to begin the next epoch of a pool.
	epochClaim = "heal:"
)

// errEpochBeingBegun means that another bot is beginning an epoch.
var errEpochBeingBegun = errors.New("another bot begins the queue anew")

// heal compares the queue's epoch with SQL's. A queue that is empty, or at any other epoch, is begun anew, with a number
// it never had: leases from before are worth nothing after that.
func (b *Bot) recoverEpoch(ctx context.Context) (int64, error) {
	if agreed, err := b.agreedEpoch(ctx); err != nil || agreed > 0 {
		b.splitBrain.agree(agreed)
		return agreed, err
	}
	mine, err := b.claim(ctx, epochClaim+b.o.Pool, epochClaimLife)
	if err != nil {
		return 0, err
	}
	if !mine {
		return 0, errEpochBeingBegun
	}
	if agreed, err := b.agreedEpoch(ctx); err != nil || agreed > 0 {
		b.splitBrain.agree(agreed)
		return agreed, err // somebody was faster
	}
	return b.beginEpoch(ctx)
}

// sound returns the epoch in which queue and ledger agree, 0 if they do not.
func (b *Bot) agreedEpoch(ctx context.Context) (int64, error) {
	has, empty, err := b.queue.Epoch(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for epoch: %w", err)
	}
	want, err := b.db.CurrentEpoch(ctx, b.o.Pool)
	if err != nil || empty || has != want {
		return 0, err
	}
	return want, nil
}

// begin begins the next epoch, with the same stops as before: they are there before the line is, so that nothing is lent
// meanwhile, and the relay looks at them again afterwards.
func (b *Bot) beginEpoch(ctx context.Context) (int64, error) {
	has, empty, err := b.queue.Epoch(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for epoch: %w", err)
	}
	want, err := b.db.CurrentEpoch(ctx, b.o.Pool)
	if err != nil {
		return 0, err
	}
	foreign := !empty && b.splitBrain.isForeign(has, want)
	if foreign && b.splitBrain.tooMany(b.o.Now()) {
		return 0, errSplitBrain
	}
	next, err := b.db.NextEpoch(ctx, b.o.Pool)
	for err == nil && next <= has { // SQL was restored from an older copy: step over what the queue already used
		next, err = b.db.NextEpoch(ctx, b.o.Pool)
	}
	if err != nil {
		return 0, err
	}
	b.pausesStale.Store(true)
	if err := b.syncPauses(ctx); err != nil {
		return 0, err
	}
	if err := b.queue.BeginEpoch(ctx, next); err != nil {
		return 0, fmt.Errorf("begin epoch %d: %w", next, err)
	}
	b.splitBrain.agree(next)
	b.epochBegan.Store(b.o.Now().UnixNano())
	if foreign {
		b.splitBrain.count(b.o.Now())
		b.log.Warn("another bot began an epoch that this bot's Redis does not show", "epoch", want)
	}
	b.log.Info("the queue begins a new epoch", "epoch", next, "before", has, "empty", empty)
	return next, nil
}
