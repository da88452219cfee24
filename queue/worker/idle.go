package worker

import (
	"context"
	"fmt"
	"time"
)

// idlePause is how long after Idle found nothing to do it is asked again: models may have come.
const idlePause = time.Minute

// idleWork calls Options.Idle while there is no job, in a goroutine of its own, so that the worker goes on asking for
// jobs meanwhile. Never more than one call runs, and none beside a job: what renders is for one at a time.
type idleWork struct {
	o      Options
	next   time.Time // when it may begin
	cancel context.CancelFunc
	ended  chan bool // of the call that runs: whether there is more; nil for none
}

func newIdleWork(o Options) *idleWork {
	w := &idleWork{o: o}
	w.postpone()
	return w
}

// postpone has it wait for IdleAfter.
func (w *idleWork) postpone() { w.next = time.Now().Add(w.o.IdleAfter) }

// begin begins a piece of work, unless one is being done or it is too early.
func (w *idleWork) begin(ctx context.Context) {
	if w.ended != nil {
		select {
		case more := <-w.ended:
			w.finished(more)
		default:
			return
		}
	}
	if w.o.Idle == nil || time.Now().Before(w.next) {
		return
	}
	ctx, w.cancel = context.WithCancel(ctx)
	ended := make(chan bool, 1)
	w.ended = ended
	go func() {
		more := false
		err := catchPanic(func() error { more = w.o.Idle(ctx); return nil })
		if err != nil {
			w.o.Log.Error("work of idle time panicked", "error", err)
		}
		ended <- more
	}()
}

// finished notes that a piece of work ended by itself.
func (w *idleWork) finished(more bool) {
	w.cancel()
	w.ended = nil
	if !more {
		w.next = time.Now().Add(idlePause)
	}
}

// end ends the work and waits until it has stopped. It returns ErrHung when that takes too long.
func (w *idleWork) end() error {
	if w.ended == nil {
		return nil
	}
	began := time.Now()
	w.cancel()
	t := time.NewTimer(min(w.o.Lease, w.o.HangTimeout) / 2)
	defer t.Stop()
	select {
	case more := <-w.ended:
		w.finished(more)
		w.o.Log.Debug("work of idle time was given up", "took", time.Since(began))
		return nil
	case <-t.C:
		return fmt.Errorf("work of idle time: %w", ErrHung)
	}
}
