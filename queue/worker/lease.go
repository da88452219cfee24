package worker

import (
	"context"
	"errors"
	"time"

	"darkroom/queue"
	"darkroom/queue/backoff"
)

// firstPause is about how long the first of several waits is.
const firstPause = 200 * time.Millisecond

// applyVerdict applies the verdict of a heartbeat that was sent with a token. It returns whether the queue has decided.
func (r *jobRun) applyVerdict(ctx context.Context, v queue.Verdict, token queue.Token, sent time.Time) bool {
	switch v {
	case queue.EpochChanged:
		return r.reclaim(ctx, token)
	case queue.Stale:
		if r.lease().Token == token { // else it was reclaimed meanwhile
			r.cancelLease(ErrLeaseLost)
		}
		return true
	case queue.Cancelled:
		r.cancelRender(ErrCancelled)
	}
	r.extendLease(sent.Add(r.Options.Lease))
	return true
}

// extendLease moves the lease timer to a later end. If the timer has fired, the lease is lost, even if the queue still
// keeps it for this renderer.
func (r *jobRun) extendLease(until time.Time) {
	if r.leaseTimer.Stop() {
		r.leaseEnd.Store(&until)
		r.leaseTimer.Reset(time.Until(until) - r.margin())
	}
}

// leaseValid tells whether the lease is good by either clock: the monotonic one stands still while a machine is
// suspended. A process that was suspended must ask before it posts: its timer may fire a moment later.
func (r *jobRun) leaseValid() bool {
	end, now := r.leaseEnd.Load().Add(-r.margin()), time.Now()
	return now.Before(end) && now.Round(0).Before(end.Round(0))
}

// callUntilAnswered calls the queue until it answers, for as long as the lease may be valid. A cancel or the end of the
// process does not stop the call: the queue must learn how the job ended. But a process that stops tries for Grace at
// most.
func (r *jobRun) callUntilAnswered(jobCtx context.Context, call func(context.Context) error) error {
	limit := r.Options.Lease - r.margin()
	if errors.Is(context.Cause(jobCtx), ErrStopping) {
		limit = min(limit, r.Options.Grace)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(jobCtx), limit)
	defer cancel()
	pause := backoff.New(firstPause, r.Options.Lease)
	for {
		err := call(ctx)
		if err == nil || errors.Is(err, queue.ErrEpoch) || errors.Is(context.Cause(jobCtx), ErrLeaseLost) {
			return err
		}
		if pause.Wait(ctx) != nil {
			return err
		}
	}
}

// retryTransient repeats a call whose error may pass, for a limited time, while the lease is valid.
func (r *jobRun) retryTransient(leaseCtx context.Context, limit time.Duration, call func() error) error {
	until := time.Now().Add(limit)
	pause := backoff.New(firstPause, r.Options.Lease)
	for {
		err := catchPanic(call)
		if err == nil || !isTransient(err) {
			return err
		}
		wait := pause.Next()
		if time.Now().Add(wait).After(until) || backoff.Sleep(leaseCtx, wait) != nil {
			return err
		}
	}
}
