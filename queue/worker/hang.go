package worker

import (
	"context"
	"time"
)

// patience is how long the painting may be silent: twice the estimate of the whole picture (of all that are painted at
// once), and no less than Hang. A single step takes that long only if nothing comes after it.
func (t *jobRun) hangAfter() time.Duration {
	return max(t.Options.HangTimeout, 2*time.Duration(t.batchSize)*time.Duration(t.job.Cost)*time.Millisecond)
}

// advance notes progress. Being told the same again is a sign of life, too: a Painter tells between two runs of its model,
// and a sampler that chooses its steps may take many runs for one of them.
func (t *jobRun) noteProgress(percent int) {
	t.percent.Store(max(int64(percent), t.percent.Load())) // only the painting's goroutine stores
	select {
	case t.progressed <- struct{}{}:
	default:
	}
}

// watched paints in a goroutine of its own and returns ErrHung, leaving it behind, when it stands still for too long:
// for its patience while it is wanted, for a lease's time once its context ended.
func (t *jobRun) renderWatched(renderCtx context.Context, render func() (Result, error)) (Result, error) {
	type result struct {
		made Result
		err  error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		r.err = catchPanic(func() (err error) { r.made, err = render(); return err })
		done <- r
	}()
	timer := time.NewTimer(t.hangAfter())
	defer timer.Stop()
	progressed, ended := t.progressed, renderCtx.Done()
	for {
		select {
		case r := <-done:
			return r.made, r.err
		case <-progressed:
			timer.Reset(t.hangAfter())
		case <-ended: // what moves now moves too late
			progressed, ended = nil, nil
			timer.Reset(min(t.hangAfter(), t.Options.Lease))
		case <-timer.C:
			return Result{}, ErrHung
		}
	}
}
