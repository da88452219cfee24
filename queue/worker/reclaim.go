package worker

import (
	"context"
	"time"

	"darkroom/queue"
)

// told tells the queue something about the lease, until it answers. When the queue has begun a new epoch meanwhile, the
// job is adopted there, and it is told again.
func (t *jobRun) callWithLease(leaseCtx context.Context, call func(context.Context, queue.Lease) (queue.Verdict, error)) (v queue.Verdict, err error) {
	for {
		l := t.lease()
		err = t.callUntilAnswered(leaseCtx, func(ctx context.Context) (err error) {
			v, err = call(ctx, l)
			return err
		})
		if err != nil || v != queue.EpochChanged || !t.awaitReclaim(leaseCtx, l.Token) {
			return v, err
		}
	}
}

// adopted waits until the job is leased anew. It is not if hold ends first: it could not be adopted in time, or it is
// somebody else's.
func (t *jobRun) awaitReclaim(leaseCtx context.Context, token queue.Token) bool {
	for pause := firstPause; leaseCtx.Err() == nil; pause = min(2*pause, t.Options.Heartbeat) {
		if t.reclaim(leaseCtx, token) && leaseCtx.Err() == nil {
			return true
		}
		sleep(leaseCtx, pause)
	}
	return false
}

// sealed notes that the lease is sealed, unless the job was adopted meanwhile: then it is the new lease that must be.
func (t *jobRun) markSealed(token queue.Token) bool {
	t.reclaiming <- struct{}{}
	defer func() { <-t.reclaiming }()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current.Token != token {
		return false
	}
	t.current.Sealed = true
	return true
}

// adopt leases the job again after the queue was emptied: what was painted so far is not lost. Nobody else is lent the
// job for a while, so the painting goes on meanwhile. It tells whether the queue has decided; while another call asks it,
// it does not wait for that: a beat speaks for other jobs too. That the new lease may say Look is no news: nobody but
// this turn can have posted the job since it was looked at.
func (t *jobRun) reclaim(ctx context.Context, token queue.Token) bool {
	select {
	case t.reclaiming <- struct{}{}:
		defer func() { <-t.reclaiming }()
	default:
		return false
	}
	l := t.lease()
	if l.Token != token {
		return true
	}
	if t.orphaned != token { // a queue that lives and knows nothing of the lease: from here on its time says nothing
		t.orphaned = token
		t.extendLease(time.Now().Add(t.Options.Lease))
	}
	l, v, err := t.Queue.Reclaim(ctx, t.Options.Slot, l)
	switch {
	case err != nil || v == queue.EpochChanged:
		return false
	case v == queue.Stale:
		t.cancelLease(ErrLeaseLost)
		return true
	case v == queue.Cancelled && l.Token == queue.Token{}:
		t.cancelLease(ErrCancelled)
		return true
	}
	t.mu.Lock()
	t.current = l
	t.mu.Unlock()
	if v == queue.Cancelled { // it may be posted, and somebody must look: who gives it back leaves that to the next holder
		t.cancelLease(ErrCancelled)
		return true
	}
	t.extendLease(l.Until)
	t.log.Info("adopted", "epoch", l.Token.Epoch)
	return true
}
