package work

import (
	"context"
	"errors"
	"time"

	"darkroom/queue"
)

// firstPause is doubled with each try.
const firstPause = 200 * time.Millisecond

// pulse beats until hold ends: at once, for a cancel may have come between the lease and now, then each Beat. A beat
// that was not answered is soon sent again; the alarm ends the hold if none gets through.
func (t *turn) pulse(hold context.Context) {
	for hold.Err() == nil {
		pause := jitter(t.Options.Beat)
		if !t.beat(hold) {
			pause = t.Options.Beat / 4
		}
		rest(hold, pause)
	}
}

// beat tells whether it was answered.
func (t *turn) beat(hold context.Context) bool {
	sent := time.Now()
	held := queue.Held{ID: t.lease.Job.ID, Token: t.lease.Token, Percent: int(t.percent.Load())}
	ctx, cancel := context.WithTimeout(hold, t.Options.Beat)
	defer cancel()
	verdicts, err := t.Queue.Beat(ctx, t.lease.Slot, []queue.Held{held})
	if err != nil || len(verdicts) != 1 {
		return false
	}
	switch verdicts[0] {
	case queue.Stale, queue.Epoch:
		t.drop(ErrLeaseLost)
		return true
	case queue.Cancelled:
		t.cancelled(ErrCancelled)
	}
	if t.alarm.Stop() { // if it went off the lease is lost, even though the queue may still hold it for us
		t.alarm.Reset(time.Until(sent.Add(t.Options.Lease)) - t.margin())
	}
	return true
}

// insist calls the queue until it answers, for as long as the lease may be ours. A cancel or the end of the process
// does not cut the call short: the queue must hear how the job went. But a process that stops insists for Grace at most.
func (t *turn) insist(job context.Context, call func(context.Context) error) error {
	limit := t.Options.Lease - t.margin()
	if errors.Is(context.Cause(job), ErrStopping) {
		limit = min(limit, t.Options.Grace)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(job), limit)
	defer cancel()
	for pause := firstPause; ; pause *= 2 {
		err := call(ctx)
		if err == nil || errors.Is(err, queue.ErrEpoch) || errors.Is(context.Cause(job), ErrLeaseLost) {
			return err
		}
		if rest(ctx, pause); ctx.Err() != nil {
			return err
		}
	}
}

// persist repeats what may pass, for a lease's time, while the job is held.
func (t *turn) persist(hold context.Context, call func() error) error {
	until := time.Now().Add(t.Options.Lease)
	for pause := firstPause; ; pause *= 2 {
		err := safely(call)
		if err == nil || !mayPass(err) {
			return err
		}
		if hold.Err() != nil || time.Now().Add(pause).After(until) {
			return err
		}
		rest(hold, pause)
	}
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
