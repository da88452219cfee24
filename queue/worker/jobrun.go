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

// The steps that can fail, as people read them.
const (
	checking  = "checking whether it was posted"
	rendering = "generating the image"
	sealing   = "getting ready to post"
	posting   = "posting"
)

const (
	progressTimeout = 10 * time.Second // limit of one edit: the result waits for it
	failureTimeout  = 10 * time.Second // limit of posting a failure
)

// jobRun is the run of one leased job. It has two contexts: leaseCtx ends with the lease or the process, renderCtx also
// when a person cancels.
type jobRun struct {
	Worker
	job          queue.Job
	log          *slog.Logger
	cancelLease  context.CancelCauseFunc // ends leaseCtx
	cancelRender context.CancelCauseFunc // ends renderCtx
	percent      atomic.Int64
	progressed   chan struct{} // gets a value at each progress report
	leaseTimer   *time.Timer   // ends leaseCtx shortly before the lease may belong to another renderer
	leaseEnd     atomic.Pointer[time.Time]
	finished     chan struct{} // closed when this run and those before it are over
	ended        atomic.Bool   // the end was reported to the queue, or is not to be reported
	started      time.Time
	batchSize    int    // jobs that are rendered together, with this one
	leaveBatch   func() // tells the renderer that this job is not rendered any more

	reclaiming chan struct{} // full while the job is being reclaimed
	orphaned   queue.Token
	mu         sync.Mutex
	current    queue.Lease
}

// startFunc runs a job. MyTurn is closed when the jobs before it are over.
type startFunc func(stop context.Context, myTurn <-chan struct{}) error

// newJobRun prepares what a job needs from the lease on. Start is jobRun.run with the contexts of the job.
func newJobRun(ctx context.Context, w Worker, l queue.Lease) (r *jobRun, start startFunc) {
	leaseCtx, cancelLease := context.WithCancelCause(context.WithoutCancel(ctx))
	renderCtx, cancelRender := context.WithCancelCause(leaseCtx)
	r = &jobRun{
		Worker: w, job: l.Job, current: l, cancelLease: cancelLease, cancelRender: cancelRender,
		progressed: make(chan struct{}, 1), finished: make(chan struct{}), reclaiming: make(chan struct{}, 1),
		batchSize: 1, leaveBatch: func() {},
	}
	r.leaseEnd.Store(&l.Until)
	r.log = w.Options.Log.With("job", l.Job.ID, "attempt", l.Attempt)
	r.leaseTimer = time.AfterFunc(time.Until(l.Until)-r.margin(), func() { cancelLease(ErrLeaseLost) })
	if l.Cancelled {
		cancelRender(ErrCancelled)
	}
	return r, func(stop context.Context, myTurn <-chan struct{}) error {
		return r.run(stop, leaseCtx, renderCtx, myTurn)
	}
}

// margin is how long before the end of a lease its holder stops.
func (r *jobRun) margin() time.Duration { return r.Options.Lease / 6 }

// lease is the job's current lease: a reclaimed job has another one.
func (r *jobRun) lease() queue.Lease {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

// run runs the job, once the jobs before it are over, until it ends in some way. When stop ends, it has Grace left; a
// job that has not begun by then is released. The error is ErrHung or nil.
func (r *jobRun) run(stop, leaseCtx, renderCtx context.Context, myTurn <-chan struct{}) error {
	r.log.Info("job leased")
	stopGrace := context.AfterFunc(stop, func() {
		timer := time.AfterFunc(r.Options.Grace, func() { r.cancelLease(ErrStopping) })
		context.AfterFunc(leaseCtx, func() { timer.Stop() })
	})
	err := r.runInOrder(stop, leaseCtx, renderCtx, myTurn)
	r.ended.Store(true)
	stopGrace()
	r.leaseTimer.Stop()
	r.cancelLease(nil)
	return err
}

// runInOrder waits for the jobs before this one and processes it, unless it ends earlier. A cancel does not end a job
// that may have been posted: its message must be checked.
func (r *jobRun) runInOrder(stop, leaseCtx, renderCtx context.Context, myTurn <-chan struct{}) error {
	waitCtx := renderCtx
	if r.job.MaybePosted {
		waitCtx = leaseCtx
	}
	select {
	case <-myTurn:
	case <-stop.Done():
	case <-waitCtx.Done():
	}
	if stop.Err() != nil {
		r.cancelLease(ErrStopping)
	}
	if waitCtx.Err() != nil {
		r.leaveBatch()
		r.handleFailure(waitCtx, rendering, context.Cause(waitCtx))
		return nil
	}
	r.started = time.Now()
	return r.process(leaseCtx, renderCtx)
}

// process takes the job from the lease to done.
func (r *jobRun) process(leaseCtx, renderCtx context.Context) error {
	if r.job.MaybePosted && r.checkPosted(leaseCtx, renderCtx) {
		return nil
	}
	result, err := r.render(renderCtx)
	r.leaveBatch()
	if err != nil {
		r.handleFailure(renderCtx, rendering, err)
		if errors.Is(err, ErrHung) {
			return ErrHung
		}
		return nil
	}
	r.deliver(leaseCtx, renderCtx, result, time.Since(r.started)/time.Duration(r.batchSize))
	return nil
}

// deliver posts the result and reports the end.
func (r *jobRun) deliver(leaseCtx, renderCtx context.Context, result Result, took time.Duration) {
	sealed, err := r.seal(leaseCtx)
	if err != nil {
		r.handleFailure(renderCtx, sealing, err)
		return
	}
	if !sealed {
		return
	}
	for {
		token := r.lease().Token
		out, err := r.post(leaseCtx, result)
		if err != nil {
			r.handleFailure(renderCtx, posting, err)
			return
		}
		if r.reportDone(leaseCtx, token, took, out) {
			return
		}
	}
}

// checkPosted returns whether nothing is left to do: the job is posted and its end is reported, or its message cannot
// be checked.
func (r *jobRun) checkPosted(leaseCtx, renderCtx context.Context) bool {
	for {
		token := r.lease().Token
		found, out, err := r.findPosted(leaseCtx)
		if err != nil {
			r.handleFailure(renderCtx, checking, err)
			return true
		}
		if !found {
			return false
		}
		if r.reportDone(leaseCtx, token, 0, out) {
			return true
		}
	}
}

// findPosted reads the message of a job that may have been posted. A cancel does not stop it: only the message tells
// whether the cancel comes in time. It is tried for half a lease: nothing is rendered yet, so others can go first.
func (r *jobRun) findPosted(leaseCtx context.Context) (found bool, out queue.Outcome, err error) {
	err = r.retryTransient(leaseCtx, r.Options.Lease/2, func() (err error) {
		found, out, err = r.Poster.FindPosted(leaseCtx, r.job)
		return err
	})
	if found && out.Delivered == "" {
		out.Delivered = "found"
	}
	return found, out, err
}

// render renders the job and reports progress meanwhile.
func (r *jobRun) render(renderCtx context.Context) (Result, error) {
	if renderCtx.Err() != nil {
		return Result{}, context.Cause(renderCtx)
	}
	reporter := newProgressReporter(func(percent int, preview func() image.Image) error {
		if !r.leaseValid() {
			return nil // another renderer may have posted the images: this edit would hide them
		}
		ctx, cancel := context.WithTimeout(renderCtx, progressTimeout)
		defer cancel()
		return r.Poster.Progress(ctx, r.job, percent, preview)
	}, r.log)
	defer reporter.stop()
	result, err := r.renderWatched(renderCtx, func() (Result, error) {
		return r.Renderer.Render(renderCtx, r.lease(), func(percent int, preview func() image.Image) {
			r.noteProgress(percent)
			reporter.report(percent, preview)
		})
	})
	if err == nil {
		err = context.Cause(renderCtx)
	}
	return result, err
}

// seal asks for the right to post. Without it there is nothing to report: the queue has decided.
func (r *jobRun) seal(leaseCtx context.Context) (bool, error) {
	for {
		var token queue.Token
		v, err := r.callWithLease(leaseCtx, func(ctx context.Context, l queue.Lease) (queue.Verdict, error) {
			token = l.Token
			return r.Queue.Seal(ctx, l)
		})
		if err == nil && v != queue.OK {
			r.log.Info("post refused by the queue", "verdict", v)
		}
		if err != nil || v != queue.OK || r.markSealed(token) {
			return v == queue.OK, err
		}
	}
}

// post shows the result and completes the outcome.
func (r *jobRun) post(leaseCtx context.Context, result Result) (out queue.Outcome, err error) {
	began := time.Now()
	err = r.retryTransient(leaseCtx, r.Options.Lease, func() (err error) {
		out, err = r.Poster.Post(leaseCtx, r.job, result)
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

// reportDone reports the end of a job that was posted, or found posted, under a lease. It returns whether that is all.
// It is not when the result was stored as undelivered and the job was reclaimed since: the result may be lost with the
// old epoch. If the end cannot be reported, the next renderer checks the message and finds the result.
func (r *jobRun) reportDone(leaseCtx context.Context, token queue.Token, took time.Duration, out queue.Outcome) bool {
	undeliveredLost := false
	v, err := r.callWithLease(leaseCtx, func(ctx context.Context, l queue.Lease) (queue.Verdict, error) {
		if undeliveredLost = out.Delivered == queue.DeliveredLater && l.Token != token; undeliveredLost {
			return queue.OK, nil
		}
		return r.Queue.Done(ctx, l, took.Milliseconds(), out)
	})
	if undeliveredLost {
		if leaseCtx.Err() == nil {
			return false
		}
		err = context.Cause(leaseCtx)
	}
	if err != nil {
		r.log.Warn("cannot report the job as done", "error", err)
		return true
	}
	r.log.Info("job done", "verdict", v, "delivered", out.Delivered, "ms", took.Milliseconds())
	return true
}
