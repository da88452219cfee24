package worker

import (
	"context"
	"time"
)

// hangAfter is how long rendering may report no progress: twice the estimate of the whole job (or of all jobs that are
// rendered together), and at least HangTimeout. A single step takes that long only if nothing follows it.
func (r *jobRun) hangAfter() time.Duration {
	return max(r.Options.HangTimeout, 2*time.Duration(r.batchSize)*time.Duration(r.job.Cost)*time.Millisecond)
}

// noteProgress stores progress. The same percent again is a sign of life too: a Renderer reports between two runs of
// its model, and a sampler that chooses its steps may need many runs for one of them.
func (r *jobRun) noteProgress(percent int) {
	r.percent.Store(max(int64(percent), r.percent.Load())) // only the rendering goroutine stores
	select {
	case r.progressed <- struct{}{}:
	default:
	}
}

// renderWatched renders in a goroutine of its own. It returns ErrHung and leaves that goroutine behind when there is no
// progress for too long: for hangAfter, and once its context has ended, for one lease time.
func (r *jobRun) renderWatched(renderCtx context.Context, render func() (Result, error)) (Result, error) {
	type outcome struct {
		result Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		o.err = catchPanic(func() (err error) { o.result, err = render(); return err })
		done <- o
	}()
	timer := time.NewTimer(r.hangAfter())
	defer timer.Stop()
	progressed, ended := r.progressed, renderCtx.Done()
	for {
		select {
		case o := <-done:
			return o.result, o.err
		case <-progressed:
			timer.Reset(r.hangAfter())
		case <-ended: // progress is too late now
			progressed, ended = nil, nil
			timer.Reset(min(r.hangAfter(), r.Options.Lease))
		case <-timer.C:
			return Result{}, ErrHung
		}
	}
}
