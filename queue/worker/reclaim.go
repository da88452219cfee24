package worker

import (
	"context"
	"time"

	"darkroom/queue"
	"darkroom/queue/backoff"
)

// leaseCall is a call to the queue about a lease.
type leaseCall func(context.Context, queue.Lease) (queue.Verdict, error)

// callWithLease calls the queue with the lease until it answers. If a new epoch has begun, the job is reclaimed there
// and the call repeated.
func (r *jobRun) callWithLease(leaseCtx context.Context, call leaseCall) (v queue.Verdict, err error) {
	for {
		l := r.lease()
		err = r.callUntilAnswered(leaseCtx, func(ctx context.Context) (err error) {
			v, err = call(ctx, l)
			return err
		})
		if err != nil || v != queue.EpochChanged || !r.awaitReclaim(leaseCtx, l.Token) {
			return v, err
		}
	}
}

// awaitReclaim waits until the job is reclaimed. It returns false if leaseCtx ends first: the job was not reclaimed in
// time, or another renderer has it.
func (r *jobRun) awaitReclaim(leaseCtx context.Context, token queue.Token) bool {
	pause := backoff.New(firstPause, r.Options.Heartbeat)
	for leaseCtx.Err() == nil {
		if r.reclaim(leaseCtx, token) && leaseCtx.Err() == nil {
			return true
		}
		_ = pause.Wait(leaseCtx) // the loop ends with leaseCtx
	}
	return false
}

// markSealed notes that the lease is sealed. It returns false if the job was reclaimed meanwhile: then the new lease
// must be sealed.
func (r *jobRun) markSealed(token queue.Token) bool {
	r.reclaiming <- struct{}{}
	defer func() { <-r.reclaiming }()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current.Token != token {
		return false
	}
	r.current.Sealed = true
	return true
}

// reclaim leases the job again after a new epoch began, so that what was rendered is not lost. No other renderer gets
// the job for a while, so rendering goes on meanwhile. It returns whether the queue has decided. It does not wait while
// another call asks: a heartbeat speaks for other jobs too. It ignores that the new lease says MaybePosted: only this
// run can have posted the job since it was checked.
func (r *jobRun) reclaim(ctx context.Context, token queue.Token) bool {
	select {
	case r.reclaiming <- struct{}{}:
		defer func() { <-r.reclaiming }()
	default:
		return false
	}
	l := r.lease()
	if l.Token != token {
		return true
	}
	if r.orphaned != token { // the queue answers and does not know the lease: its end means nothing from now on
		r.orphaned = token
		r.extendLease(time.Now().Add(r.Options.Lease))
	}
	l, v, err := r.Queue.Reclaim(ctx, r.Options.Slot, l)
	switch {
	case err != nil || v == queue.EpochChanged:
		return false
	case v == queue.Stale:
		r.cancelLease(ErrLeaseLost)
		return true
	case v == queue.Cancelled && l.Token == queue.Token{}:
		r.cancelLease(ErrCancelled)
		return true
	}
	r.mu.Lock()
	r.current = l
	r.mu.Unlock()
	if v == queue.Cancelled { // it may be posted and must be checked: a Release leaves that to the next renderer
		r.cancelLease(ErrCancelled)
		return true
	}
	r.extendLease(l.Until)
	r.log.Info("job reclaimed", "epoch", l.Token.Epoch)
	return true
}
