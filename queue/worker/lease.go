package worker

import (
	"context"
	"errors"
	"time"

	"darkroom/queue"
)

// firstPause is doubled with each try.
const firstPause = 200 * time.Millisecond

// heed does what the queue said in answer to a beat that was sent with a token. It tells whether the lease is kept.
func (t *jobRun) applyVerdict(ctx context.Context, v queue.Verdict, token queue.Token, sent time.Time) bool {
	switch v {
	case queue.EpochChanged:
		return t.reclaim(ctx, token)
	case queue.Stale:
		if t.lease().Token == token { // else it was adopted meanwhile
			t.cancelLease(ErrLeaseLost)
		}
		return true
	case queue.Cancelled:
		t.cancelRender(ErrCancelled)
	}
	t.extendLease(sent.Add(t.Options.Lease))
	return true
}

// keep puts the alarm off: the queue keeps the lease until then. If the alarm went off the lease is lost, even though
// the queue may still hold it for us.
func (t *jobRun) extendLease(until time.Time) {
	if t.leaseTimer.Stop() {
		t.leaseEnd.Store(&until)
		t.leaseTimer.Reset(time.Until(until) - t.margin())
	}
}

// mine tells whether the lease is good, by either clock: the monotonic one stands still while a machine is suspended. A
// process that was frozen must ask before it speaks: its alarm may go off a moment later.
func (t *jobRun) leaseValid() bool {
	end, now := t.leaseEnd.Load().Add(-t.margin()), time.Now()
	return now.Before(end) && now.Round(0).Before(end.Round(0))
}

// insist calls the queue until it answers, for as long as the lease may be ours. A cancel or the end of the process
// does not cut the call short: the queue must hear how the job went. But a process that stops insists for Grace at most.
func (t *jobRun) callUntilAnswered(jobCtx context.Context, call func(context.Context) error) error {
	limit := t.Options.Lease - t.margin()
	if errors.Is(context.Cause(jobCtx), ErrStopping) {
		limit = min(limit, t.Options.Grace)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(jobCtx), limit)
	defer cancel()
	for pause := firstPause; ; pause *= 2 {
		err := call(ctx)
		if err == nil || errors.Is(err, queue.ErrEpoch) || errors.Is(context.Cause(jobCtx), ErrLeaseLost) {
			return err
		}
		if sleep(ctx, pause); ctx.Err() != nil {
			return err
		}
	}
}

// persist repeats what may pass, for a lease's time, while the job is held.
func (t *jobRun) retryTransient(leaseCtx context.Context, call func() error) error {
	until := time.Now().Add(t.Options.Lease)
	for pause := firstPause; ; pause *= 2 {
		err := catchPanic(call)
		if err == nil || !isTransient(err) {
			return err
		}
		if leaseCtx.Err() != nil || time.Now().Add(pause).After(until) {
			return err
		}
		sleep(leaseCtx, pause)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
