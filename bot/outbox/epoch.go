package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"darkroom/bot/job"
)

const (
	// epochClaimLife is how long one of several bots may take to begin an epoch before another one does it.
	epochClaimLife = 10 * time.Second
	// lostPause is how long an epoch lives at least if keys were lost in the one before: filling the queue again costs
	// something, and a server that evicts all the time would be filled all the time.
	lostPause = 5 * time.Second
	// lostSoon is how soon after an epoch began the loss of all its keys looks like an eviction.
	lostSoon = 30 * time.Second
	// epochClaim names the claim to begin the next epoch of a pool.
	epochClaim = "heal:"
)

// errEpochBeingBegun means that another bot is beginning an epoch.
var errEpochBeingBegun = errors.New("another bot is beginning an epoch")

// epochKeeper begins the queue's epochs and knows when the current one began.
type epochKeeper struct {
	db         epochs
	queue      queueEpochs
	pauses     *pauseSync
	claim      claim
	pool       string
	shared     bool // other bots work on the same database
	now        func() time.Time
	log        *slog.Logger
	owner      *ownership
	beganNanos atomic.Int64          // when the epoch began
	own        atomic.Int64          // the last epoch that this bot began
	lost       func(context.Context) // is called when the server lost keys
	lostAt     time.Time             // when an epoch last began because keys were lost; only the relay uses it
}

// recover compares the queue's epoch with SQL's. For a queue that is empty, or at another epoch, it begins a new
// one with a number that was never used: leases from before do not count after that.
func (k *epochKeeper) recover(ctx context.Context) (int64, error) {
	if err := k.owner.keep(ctx); err != nil {
		return 0, err
	}
	if agreed, err := k.agreed(ctx); err != nil || agreed > 0 {
		return agreed, err
	}
	if err := k.owner.renew(ctx); err != nil { // of a queue that is new it was not asked yet
		return 0, err
	}
	mine, err := k.claim(ctx, epochClaim+k.pool, epochClaimLife)
	if err != nil {
		return 0, err
	}
	if !mine {
		return 0, errEpochBeingBegun
	}
	if agreed, err := k.agreed(ctx); err != nil || agreed > 0 {
		return agreed, err // somebody was faster
	}
	return k.begin(ctx)
}

// agreed returns the epoch in which queue and SQL agree, 0 if they do not.
func (k *epochKeeper) agreed(ctx context.Context) (int64, error) {
	has, empty, err := k.queue.Epoch(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for epoch: %w", err)
	}
	want, err := k.db.CurrentEpoch(ctx, k.pool)
	if err != nil || empty || has != want {
		return 0, err
	}
	return want, nil
}

// begin begins the next epoch with the pauses that SQL has. They are set before the epoch begins, so that
// nothing is leased meanwhile, and the relay looks at them again afterwards.
func (k *epochKeeper) begin(ctx context.Context) (int64, error) {
	has, empty, err := k.queue.Epoch(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for epoch: %w", err)
	}
	lost, err := k.lostKey(ctx, has)
	if err != nil {
		return 0, err
	}
	next, err := k.db.NextEpoch(ctx, k.pool)
	for err == nil && next <= has { // SQL was restored from an older copy: step over what the queue already used
		next, err = k.db.NextEpoch(ctx, k.pool)
	}
	if err != nil {
		return 0, err
	}
	began := k.now() // a job that comes after this reads the new epoch in SQL, so it was never in the old one
	k.pauses.stale.Store(true)
	if err := k.pauses.sync(ctx); err != nil {
		return 0, err
	}
	if err := k.queue.BeginEpoch(ctx, next); err != nil {
		return 0, fmt.Errorf("begin epoch %d: %w", next, err)
	}
	if k.shared {
		began = k.now() // another bot may still have enqueued it into the old one
	}
	k.beganNanos.Store(began.UnixNano())
	k.own.Store(next)
	k.log.Info("the queue begins a new epoch", "epoch", next, "before", has, "empty", empty, "lost", lost)
	return next, nil
}

// lostKey returns the name of a key that the server has lost without a restart, if that is why an epoch must end. It
// returns errLostAgain if that happened a moment ago too.
func (k *epochKeeper) lostKey(ctx context.Context, epoch int64) (string, error) {
	now := k.now()
	if epoch == 0 && k.own.Load() > 0 && now.Sub(k.began()) < lostSoon {
		k.lost(ctx)
	}
	if epoch == 0 {
		return "", nil
	}
	lost, err := k.queue.Verify(ctx)
	if err != nil || lost == "" {
		return "", err
	}
	if now.Sub(k.lostAt) < lostPause {
		return "", fmt.Errorf("%w (%s)", errLostAgain, lost)
	}
	k.lostAt = now
	k.lost(ctx)
	k.log.Warn("redis has lost a key of the queue: every job that waits is enqueued again", "key", lost)
	return lost, nil
}

// maxClockSkew is by how much the clocks of bots on one database may differ.
const maxClockSkew = 10 * time.Second

// began is when the epoch began, as far as this bot knows.
func (k *epochKeeper) began() time.Time { return time.Unix(0, k.beganNanos.Load()) }

// note notes that an epoch begins now.
func (k *epochKeeper) note() { k.beganNanos.Store(k.now().UnixNano()) }

// heard notes an epoch of which the queue's events tell. One that this bot began was noted then: it would be noted too
// late now, and jobs that came since would look as if they had been in a queue before.
func (k *epochKeeper) heard(ctx context.Context) {
	if current, _, err := k.queue.Epoch(ctx); err == nil && current > 0 && current == k.own.Load() {
		return
	}
	k.note()
}

// mayHaveRun tells whether a job may have been rendered without this bot's knowledge, in a queue that was lost.
func (k *epochKeeper) mayHaveRun(j job.Job) bool {
	since := k.began()
	if k.shared {
		since = since.Add(maxClockSkew)
	}
	return j.WasLeased || !j.Created.After(since)
}

// markMaybePosted marks a job that may have been in a queue that is gone. It may have been posted although nobody told
// SQL: this bot was down, or the event was lost with the queue. The mark is a guess: SQL does not hold it.
func (k *epochKeeper) markMaybePosted(j job.Job) job.Job {
	j.MaybePosted = j.Epoch > 0 || k.mayHaveRun(j)
	return j
}
