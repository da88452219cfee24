package worker

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"darkroom/queue"
)

// The steps that can go wrong, as people are told of them.
const (
	checking  = "looking whether it was posted"
	rendering = "painting"
	sealing   = "getting ready to post"
	posting   = "posting"
)

const (
	progressTimeout = 10 * time.Second // how long one edit may take: the result waits for it
	failureTimeout  = 10 * time.Second // how long an apology may take
)

// turn is one job in hand. Two contexts belong to it: hold ends with the lease or the process, paint also when a
// person cancels.
type jobRun struct {
	Worker
	job          queue.Job
	log          *slog.Logger
	cancelLease  context.CancelCauseFunc // ends hold
	cancelRender context.CancelCauseFunc // ends paint
	percent      atomic.Int64
	progressed   chan struct{} // told when the painting tells something
	leaseTimer   *time.Timer   // ends hold shortly before the lease may be somebody else's
	leaseEnd     atomic.Pointer[time.Time]
	finished     chan struct{} // closed when this turn and those before it are over
	ended        atomic.Bool   // the queue was told the end, or is not to be told
	started      time.Time
	batchSize    int    // jobs that are painted at once, with this one
	leaveBatch   func() // tells the painter that this job is painted no more

	reclaiming chan struct{} // full while the job is leased again
	orphaned   queue.Token
	mu         sync.Mutex
	current    queue.Lease
}

// newJobRun makes ready what a job needs from the lease on. Run works on it; see turn.run.
func newJobRun(ctx context.Context, b Worker, l queue.Lease) (t *jobRun, run func(stop context.Context, myTurn <-chan struct{}) error) {
	leaseCtx, cancelLease := context.WithCancelCause(context.WithoutCancel(ctx))
	renderCtx, cancelRender := context.WithCancelCause(leaseCtx)
	t = &jobRun{Worker: b, job: l.Job, current: l, cancelLease: cancelLease, cancelRender: cancelRender, progressed: make(chan struct{}, 1),
		finished: make(chan struct{}), reclaiming: make(chan struct{}, 1), batchSize: 1, leaveBatch: func() {}}
	t.leaseEnd.Store(&l.Until)
	t.log = b.Options.Log.With("job", l.Job.ID, "attempt", l.Attempt)
	t.leaseTimer = time.AfterFunc(time.Until(l.Until)-t.margin(), func() { cancelLease(ErrLeaseLost) })
	if l.Cancelled {
		cancelRender(ErrCancelled)
	}
	return t, func(stop context.Context, myTurn <-chan struct{}) error {
		return t.run(stop, leaseCtx, renderCtx, myTurn)
	}
}

// margin is how long before the end of a lease its holder lets go.
func (t *jobRun) margin() time.Duration { return t.Options.Lease / 6 }

// lease is the job's lease: another one after the queue began a new epoch.
func (t *jobRun) lease() queue.Lease {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current
}

// run works on the job, once it is its turn, until it ends one way or another. Once stop ends, it has Grace left; if it
// was not begun by then, it is given back. Its error is ErrHung or nil.
func (t *jobRun) run(stop, leaseCtx, renderCtx context.Context, myTurn <-chan struct{}) error {
	t.log.Info("leased")
	stopGrace := context.AfterFunc(stop, func() {
		timer := time.AfterFunc(t.Options.Grace, func() { t.cancelLease(ErrStopping) })
		context.AfterFunc(leaseCtx, func() { timer.Stop() })
	})
	err := t.runInOrder(stop, leaseCtx, renderCtx, myTurn)
	t.ended.Store(true)
	stopGrace()
	t.leaseTimer.Stop()
	t.cancelLease(nil)
	return err
}

// await works on the job when it is its turn, unless it ends before. A job that may have been posted is not over when a
// person cancels it: somebody must look.
func (t *jobRun) runInOrder(stop, leaseCtx, renderCtx context.Context, myTurn <-chan struct{}) error {
	waitCtx := renderCtx
	if t.job.MaybePosted {
		waitCtx = leaseCtx
	}
	select {
	case <-myTurn:
	case <-stop.Done():
	case <-waitCtx.Done():
	}
	if stop.Err() != nil {
		t.cancelLease(ErrStopping)
	}
	if waitCtx.Err() != nil {
		t.leaveBatch()
		t.handleFailure(waitCtx, rendering, context.Cause(waitCtx))
		return nil
	}
	t.started = time.Now()
	return t.process(leaseCtx, renderCtx)
}

// work is the line from lease to done.
func (t *jobRun) process(leaseCtx, renderCtx context.Context) error {
	if t.job.MaybePosted && t.checkPosted(leaseCtx, renderCtx) {
		return nil
	}
	result, err := t.render(renderCtx)
	t.leaveBatch()
	if err != nil {
		t.handleFailure(renderCtx, rendering, err)
		if errors.Is(err, ErrHung) {
			return ErrHung
		}
		return nil
	}
	t.deliver(leaseCtx, renderCtx, result, time.Since(t.started)/time.Duration(t.batchSize))
	return nil
}

// hand gives what was made to the person who asked.
func (t *jobRun) deliver(leaseCtx, renderCtx context.Context, result Result, took time.Duration) {
	sealed, err := t.seal(leaseCtx)
	if err != nil {
		t.handleFailure(renderCtx, sealing, err)
		return
	}
	if !sealed {
		return
	}
	for {
		token := t.lease().Token
		out, err := t.post(leaseCtx, result)
		if err != nil {
			t.handleFailure(renderCtx, posting, err)
			return
		}
		if t.reportDone(leaseCtx, token, took, out) {
			return
		}
	}
}

// found looks whether there is nothing left to do: the job is posted, and its end is reported, or it cannot be looked at.
func (t *jobRun) checkPosted(leaseCtx, renderCtx context.Context) bool {
	for {
		token := t.lease().Token
		found, out, err := t.findPosted(leaseCtx)
		if err != nil {
			t.handleFailure(renderCtx, checking, err)
			return true
		}
		if !found {
			return false
		}
		if t.reportDone(leaseCtx, token, 0, out) {
			return true
		}
	}
}

// look reads the message of a job that may have been posted. A cancel does not end it: only who has looked can tell
// whether it comes in time.
func (t *jobRun) findPosted(leaseCtx context.Context) (found bool, out queue.Outcome, err error) {
	err = t.retryTransient(leaseCtx, func() (err error) {
		found, out, err = t.Poster.FindPosted(leaseCtx, t.job)
		return err
	})
	if found && out.Delivered == "" {
		out.Delivered = "found"
	}
	return found, out, err
}

// make paints, telling progress on the side.
func (t *jobRun) render(renderCtx context.Context) (Result, error) {
	if renderCtx.Err() != nil {
		return Result{}, context.Cause(renderCtx)
	}
	reporter := newProgressReporter(func(percent int, preview func() image.Image) error {
		if !t.leaseValid() {
			return nil // somebody else may have posted the pictures: this would hide them
		}
		ctx, cancel := context.WithTimeout(renderCtx, progressTimeout)
		defer cancel()
		return t.Poster.Progress(ctx, t.job, percent, preview)
	}, t.log)
	defer reporter.stop()
	result, err := t.renderWatched(renderCtx, func() (Result, error) {
		return t.Renderer.Render(renderCtx, t.lease(), func(percent int, preview func() image.Image) {
			t.noteProgress(percent)
			reporter.report(percent, preview)
		})
	})
	if err == nil {
		err = context.Cause(renderCtx)
	}
	return result, err
}

// seal asks for the right to post. Without it there is nothing more to say: whoever took it away knows why.
func (t *jobRun) seal(leaseCtx context.Context) (bool, error) {
	for {
		var token queue.Token
		v, err := t.callWithLease(leaseCtx, func(ctx context.Context, l queue.Lease) (queue.Verdict, error) {
			token = l.Token
			return t.Queue.Seal(ctx, l)
		})
		if err == nil && v != queue.OK {
			t.log.Info("not posted", "verdict", v)
		}
		if err != nil || v != queue.OK || t.markSealed(token) {
			return v == queue.OK, err
		}
	}
}

// post shows the result and completes the outcome.
func (t *jobRun) post(leaseCtx context.Context, result Result) (out queue.Outcome, err error) {
	began := time.Now()
	err = t.retryTransient(leaseCtx, func() (err error) {
		out, err = t.Poster.Post(leaseCtx, t.job, result)
		return err
	})
	if out.Files == nil {
		for _, p := range result.Images {
			out.Files = append(out.Files, p.File)
		}
	}
	if out.Millis == nil {
		out.Millis = map[string]int64{}
		maps.Copy(out.Millis, result.Millis)
		out.Millis["post"] = time.Since(began).Milliseconds()
	}
	return out, err
}

// done reports the end of a job that was found or posted under a lease, and tells whether that is all. It is not when
// pictures were left in the tray and the job was adopted since: the tray may have been lost with the queue. If the end
// cannot be told, the next holder looks and finds it posted.
func (t *jobRun) reportDone(leaseCtx context.Context, token queue.Token, took time.Duration, out queue.Outcome) bool {
	undeliveredLost := false
	v, err := t.callWithLease(leaseCtx, func(ctx context.Context, l queue.Lease) (queue.Verdict, error) {
		if undeliveredLost = out.Delivered == queue.DeliveredLater && l.Token != token; undeliveredLost {
			return queue.OK, nil
		}
		return t.Queue.Done(ctx, l, took.Milliseconds(), out)
	})
	if undeliveredLost {
		if leaseCtx.Err() == nil {
			return false
		}
		err = context.Cause(leaseCtx)
	}
	if err != nil {
		t.log.Warn("the queue did not hear that a job is done", "err", err)
		return true
	}
	t.log.Info("done", "verdict", v, "delivered", out.Delivered, "ms", took.Milliseconds())
	return true
}
