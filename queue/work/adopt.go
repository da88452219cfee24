package work

import (
	"context"
	"time"

	"darkroom/queue"
)

// told tells the queue something about the lease, until it answers. When the queue has begun a new epoch meanwhile, the
// job is adopted there, and it is told again.
func (t *turn) told(hold context.Context, tell func(context.Context, queue.Lease) (queue.Verdict, error)) (v queue.Verdict, err error) {
	for {
		l := t.lease()
		err = t.insist(hold, func(ctx context.Context) (err error) {
			v, err = tell(ctx, l)
			return err
		})
		if err != nil || v != queue.Epoch || !t.adopted(hold, l.Token) {
			return v, err
		}
	}
}

// adopted waits until the job is leased anew. It is not if hold ends first: it could not be adopted in time, or it is
// somebody else's.
func (t *turn) adopted(hold context.Context, with queue.Token) bool {
	for pause := firstPause; hold.Err() == nil; pause = min(2*pause, t.Options.Beat) {
		if t.adopt(hold, with) && hold.Err() == nil {
			return true
		}
		rest(hold, pause)
	}
	return false
}

// sealed notes that the lease is sealed, unless the job was adopted meanwhile: then it is the new lease that must be.
func (t *turn) sealed(with queue.Token) bool {
	t.adopting <- struct{}{}
	defer func() { <-t.adopting }()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.own.Token != with {
		return false
	}
	t.own.Sealed = true
	return true
}

// adopt leases the job again after the queue was emptied: what was painted so far is not lost. Nobody else is lent the
// job for a while, so the painting goes on meanwhile. It tells whether the queue has decided; while another call asks it,
// it does not wait for that: a beat speaks for other jobs too. That the new lease may say Look is no news: nobody but
// this turn can have posted the job since it was looked at.
func (t *turn) adopt(ctx context.Context, with queue.Token) bool {
	select {
	case t.adopting <- struct{}{}:
		defer func() { <-t.adopting }()
	default:
		return false
	}
	l := t.lease()
	if l.Token != with {
		return true
	}
	if t.uprooted != with { // a queue that lives and knows nothing of the lease: from here on its time says nothing
		t.uprooted = with
		t.keep(time.Now().Add(t.Options.Lease))
	}
	l, v, err := t.Queue.Adopt(ctx, t.Options.Slot, l)
	switch {
	case err != nil || v == queue.Epoch:
		return false
	case v == queue.Stale:
		t.drop(ErrLeaseLost)
		return true
	case v == queue.Cancelled && l.Token == queue.Token{}:
		t.drop(ErrCancelled)
		return true
	}
	t.mu.Lock()
	t.own = l
	t.mu.Unlock()
	if v == queue.Cancelled { // it may be posted, and somebody must look: who gives it back leaves that to the next holder
		t.drop(ErrCancelled)
		return true
	}
	t.keep(l.Until)
	t.log.Info("adopted", "epoch", l.Token.Epoch)
	return true
}
