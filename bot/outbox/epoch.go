package outbox

import (
	"context"
	"darkroom/bot/job"
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
var errEpochBeingBegun = errors.New("another bot is beginning an epoch")

// recoverEpoch compares the queue's epoch with SQL's. For a queue that is empty, or at another epoch, it begins a new one
// with a number that was never used: leases from before do not count after that.
func (o *Outbox) recoverEpoch(ctx context.Context) (int64, error) {
	if agreed, err := o.AgreedEpoch(ctx); err != nil || agreed > 0 {
		o.splitBrain.agree(agreed)
		return agreed, err
	}
	mine, err := o.opts.Claim(ctx, epochClaim+o.opts.Pool, epochClaimLife)
	if err != nil {
		return 0, err
	}
	if !mine {
		return 0, errEpochBeingBegun
	}
	if agreed, err := o.AgreedEpoch(ctx); err != nil || agreed > 0 {
		o.splitBrain.agree(agreed)
		return agreed, err // somebody was faster
	}
	return o.beginEpoch(ctx)
}

// AgreedEpoch returns the epoch in which queue and SQL agree, 0 if they do not.
func (o *Outbox) AgreedEpoch(ctx context.Context) (int64, error) {
	has, empty, err := o.queue.Epoch(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for epoch: %w", err)
	}
	want, err := o.db.CurrentEpoch(ctx, o.opts.Pool)
	if err != nil || empty || has != want {
		return 0, err
	}
	return want, nil
}

// beginEpoch begins the next epoch with the pauses that SQL has. They are set before the epoch begins, so that nothing is
// leased meanwhile, and the relay looks at them again afterwards.
func (o *Outbox) beginEpoch(ctx context.Context) (int64, error) {
	has, empty, err := o.queue.Epoch(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for epoch: %w", err)
	}
	want, err := o.db.CurrentEpoch(ctx, o.opts.Pool)
	if err != nil {
		return 0, err
	}
	foreign := !empty && o.splitBrain.isForeign(has, want)
	if foreign && o.splitBrain.tooMany(o.opts.Now()) {
		return 0, errSplitBrain
	}
	next, err := o.db.NextEpoch(ctx, o.opts.Pool)
	for err == nil && next <= has { // SQL was restored from an older copy: step over what the queue already used
		next, err = o.db.NextEpoch(ctx, o.opts.Pool)
	}
	if err != nil {
		return 0, err
	}
	o.pausesStale.Store(true)
	if err := o.syncPauses(ctx); err != nil {
		return 0, err
	}
	if err := o.queue.BeginEpoch(ctx, next); err != nil {
		return 0, fmt.Errorf("begin epoch %d: %w", next, err)
	}
	o.splitBrain.agree(next)
	o.epochBegan.Store(o.opts.Now().UnixNano())
	if foreign {
		o.splitBrain.count(o.opts.Now())
		o.log.Warn("another bot began an epoch that this bot's Redis does not show", "epoch", want)
	}
	o.log.Info("the queue begins a new epoch", "epoch", next, "before", has, "empty", empty)
	return next, nil
}

// maxClockSkew is by how much the clocks of bots on one database may differ.
const maxClockSkew = 10 * time.Second

// EpochBegan is when the queue's epoch began, as far as this bot knows.
func (o *Outbox) EpochBegan() time.Time { return time.Unix(0, o.epochBegan.Load()) }

// NoteEpoch notes that an epoch just began, and has the relay fill the queue.
func (o *Outbox) NoteEpoch() {
	o.epochBegan.Store(o.opts.Now().UnixNano())
	o.Wake()
}

// MayHaveRun tells whether a job may have been rendered without this bot's knowledge, in a queue that was lost.
func (o *Outbox) MayHaveRun(j job.Job) bool {
	since := o.EpochBegan()
	if o.opts.Shared {
		since = since.Add(maxClockSkew)
	}
	return j.WasLeased || !j.Created.After(since)
}

// markMaybePosted marks a job that may have been in a queue that is gone. It may have been posted although nobody told SQL:
// this bot was down, or the event was lost with the queue.
func (o *Outbox) markMaybePosted(j job.Job) job.Job {
	j.WasLeased = j.Epoch > 0 || o.MayHaveRun(j)
	return j
}
