package work

import (
	"context"
	"errors"
	"time"

	"darkroom/queue"
)

// firstPause is doubled with each try.
const firstPause = 200 * time.Millisecond

// heed does what the queue said in answer to a beat that was sent with a token. It tells whether the lease is kept.
func (t *turn) heed(ctx context.Context, v queue.Verdict, with queue.Token, sent time.Time) bool {
	switch v {
	case queue.Epoch:
		return t.adopt(ctx, with)
	case queue.Stale:
		if t.lease().Token == with { // else it was adopted meanwhile
			t.drop(ErrLeaseLost)
		}
		return true
	case queue.Cancelled:
		t.cancelled(ErrCancelled)
	}
	t.keep(sent.Add(t.Options.Lease))
	return true
}

// keep puts the alarm off: the queue keeps the lease until then. If the alarm went off the lease is lost, even though
// the queue may still hold it for us.
func (t *turn) keep(until time.Time) {
	if t.alarm.Stop() {
		t.until.Store(&until)
		t.alarm.Reset(time.Until(until) - t.margin())
	}
}

// mine tells whether the lease is good, by either clock: the monotonic one stands still while a machine is suspended. A
// process that was frozen must ask before it speaks: its alarm may go off a moment later.
func (t *turn) mine() bool {
	end, now := t.until.Load().Add(-t.margin()), time.Now()
	return now.Before(end) && now.Round(0).Before(end.Round(0))
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
