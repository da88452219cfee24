package work

import (
	"context"
	"time"
)

// patience is how long the painting may be silent: twice the estimate of the whole picture (of all that are painted at
// once), and no less than Hang. A single step takes that long only if nothing comes after it.
func (t *turn) patience() time.Duration {
	return max(t.Options.Hang, 2*time.Duration(t.mates)*time.Duration(t.job.Cost)*time.Millisecond)
}

// advance notes progress. Being told the same again is a sign of life, too: a Painter tells between two runs of its model,
// and a sampler that chooses its steps may take many runs for one of them.
func (t *turn) advance(percent int) {
	t.percent.Store(max(int64(percent), t.percent.Load())) // only the painting's goroutine stores
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
