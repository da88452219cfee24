package work

import (
	"context"
	"time"
)

// patience is how long the painting may stand still: twice the estimate of the whole picture (of all that are painted at
// once), and no less than Hang. A single step takes that long only if nothing comes after it.
func (t *turn) patience() time.Duration {
	return max(t.Options.Hang, 2*time.Duration(t.mates)*time.Duration(t.job.Cost)*time.Millisecond)
}

// advance notes progress. Only a step forward counts as a sign of life.
func (t *turn) advance(percent int) {
	if int64(percent) <= t.percent.Load() {
		return
	}
	t.percent.Store(int64(percent))
	select {
	case t.moved <- struct{}{}:
	default:
	}
}

// watched paints in a goroutine of its own and returns ErrHung, leaving it behind, when it stands still for too long:
// for its patience while it is wanted, for a lease's time once its context ended.
func (t *turn) watched(paint context.Context, work func() (Made, error)) (Made, error) {
	type result struct {
		made Made
		err  error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		r.err = safely(func() (err error) { r.made, err = work(); return err })
		done <- r
	}()
	still := time.NewTimer(t.patience())
	defer still.Stop()
	moved, ended := t.moved, paint.Done()
	for {
		select {
		case r := <-done:
			return r.made, r.err
		case <-moved:
			still.Reset(t.patience())
		case <-ended: // what moves now moves too late
			moved, ended = nil, nil
			still.Reset(min(t.patience(), t.Options.Lease))
		case <-still.C:
			return Made{}, ErrHung
		}
	}
}
