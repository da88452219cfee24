package work

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
	looking  = "looking whether it was posted"
	painting = "painting"
	sealing  = "getting ready to post"
	posting  = "posting"
)

const (
	progressFor = 10 * time.Second // how long one edit may take: the result waits for it
	sorryFor    = 10 * time.Second // how long an apology may take
)

// turn is one job in hand. Two contexts belong to it: hold ends with the lease or the process, paint also when a
// person cancels.
type turn struct {
	Bench
	job       queue.Job
	log       *slog.Logger
	drop      context.CancelCauseFunc // ends hold
	cancelled context.CancelCauseFunc // ends paint
	percent   atomic.Int64
	moved     chan struct{} // told when the painting tells something
	alarm     *time.Timer   // ends hold shortly before the lease may be somebody else's
	until     atomic.Pointer[time.Time]
	over      chan struct{} // closed when this turn and those before it are over
	gone      atomic.Bool   // the queue was told the end, or is not to be told
	began     time.Time
	mates     int    // jobs that are painted at once, with this one
	finished  func() // tells the painter that this job is painted no more

	adopting chan struct{} // full while the job is leased again
	uprooted queue.Token
	mu       sync.Mutex
	own      queue.Lease
}

// newTurn makes ready what a job needs from the lease on. Run works on it; see turn.run.
func newTurn(ctx context.Context, b Bench, l queue.Lease) (t *turn, run func(stop context.Context, mine <-chan struct{}) error) {
	hold, drop := context.WithCancelCause(context.WithoutCancel(ctx))
	paint, cancelled := context.WithCancelCause(hold)
	t = &turn{Bench: b, job: l.Job, own: l, drop: drop, cancelled: cancelled, moved: make(chan struct{}, 1),
		over: make(chan struct{}), adopting: make(chan struct{}, 1), mates: 1, finished: func() {}}
	t.until.Store(&l.Until)
	t.log = b.Options.Log.With("job", l.Job.ID, "attempt", l.Attempt)
	t.alarm = time.AfterFunc(time.Until(l.Until)-t.margin(), func() { drop(ErrLeaseLost) })
	if l.Cancelled {
		cancelled(ErrCancelled)
	}
	return t, func(stop context.Context, mine <-chan struct{}) error { return t.run(stop, hold, paint, mine) }
}

// margin is how long before the end of a lease its holder lets go.
func (t *turn) margin() time.Duration { return t.Options.Lease / 6 }

// lease is the job's lease: another one after the queue began a new epoch.
func (t *turn) lease() queue.Lease {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.own
}

// run works on the job, once it is its turn, until it ends one way or another. Once stop ends, it has Grace left; if it
// was not begun by then, it is given back. Its error is ErrHung or nil.
func (t *turn) run(stop, hold, paint context.Context, mine <-chan struct{}) error {
	t.log.Info("leased")
	grace := context.AfterFunc(stop, func() {
		timer := time.AfterFunc(t.Options.Grace, func() { t.drop(ErrStopping) })
		context.AfterFunc(hold, func() { timer.Stop() })
	})
	err := t.await(stop, hold, paint, mine)
	t.gone.Store(true)
	grace()
	t.alarm.Stop()
	t.drop(nil)
	return err
}

// await works on the job when it is its turn, unless it ends before. A job that may have been posted is not over when a
// person cancels it: somebody must look.
func (t *turn) await(stop, hold, paint context.Context, mine <-chan struct{}) error {
	life := paint
	if t.job.Look {
		life = hold
	}
	select {
	case <-mine:
	case <-stop.Done():
	case <-life.Done():
	}
	if stop.Err() != nil {
		t.drop(ErrStopping)
	}
	if life.Err() != nil {
		t.finished()
		t.broken(life, painting, context.Cause(life))
		return nil
	}
	t.began = time.Now()
	return t.work(hold, paint)
}

// work is the line from lease to done.
func (t *turn) work(hold, paint context.Context) error {
	if t.job.Look && t.found(hold, paint) {
		return nil
	}
	made, err := t.make(paint)
	t.finished()
	if err != nil {
		t.broken(paint, painting, err)
		if errors.Is(err, ErrHung) {
			return ErrHung
		}
		return nil
	}
	t.hand(hold, paint, made, time.Since(t.began)/time.Duration(t.mates))
	return nil
}

// hand gives what was made to the person who asked.
func (t *turn) hand(hold, paint context.Context, made Made, took time.Duration) {
	sealed, err := t.seal(hold)
	if err != nil {
		t.broken(paint, sealing, err)
		return
	}
	if !sealed {
		return
	}
	for {
		with := t.lease().Token
		out, err := t.post(hold, made)
		if err != nil {
			t.broken(paint, posting, err)
			return
		}
		if t.done(hold, with, took, out) {
			return
		}
	}
}

// found looks whether there is nothing left to do: the job is posted, and its end is reported, or it cannot be looked at.
func (t *turn) found(hold, paint context.Context) bool {
	for {
		with := t.lease().Token
		there, out, err := t.look(hold)
		if err != nil {
			t.broken(paint, looking, err)
			return true
		}
		if !there {
			return false
		}
		if t.done(hold, with, 0, out) {
			return true
		}
	}
}

// look reads the message of a job that may have been posted. A cancel does not end it: only who has looked can tell
// whether it comes in time.
func (t *turn) look(hold context.Context) (found bool, out queue.Outcome, err error) {
	err = t.persist(hold, func() (err error) {
		found, out, err = t.Post.Look(hold, t.job)
		return err
	})
	if found && out.Delivered == "" {
		out.Delivered = "found"
	}
	return found, out, err
}

// make paints, telling progress on the side.
func (t *turn) make(paint context.Context) (Made, error) {
	if paint.Err() != nil {
		return Made{}, context.Cause(paint)
	}
	news := newTeller(func(percent int, preview func() image.Image) error {
		if !t.mine() {
			return nil // somebody else may have posted the pictures: this would hide them
		}
		ctx, cancel := context.WithTimeout(paint, progressFor)
		defer cancel()
		return t.Post.Progress(ctx, t.job, percent, preview)
	}, t.log)
	defer news.stop()
	made, err := t.watched(paint, func() (Made, error) {
		return t.Paint.Paint(paint, t.lease(), func(percent int, preview func() image.Image) {
			t.advance(percent)
			news.tell(percent, preview)
		})
	})
	if err == nil {
		err = context.Cause(paint)
	}
	return made, err
}

// seal asks for the right to post. Without it there is nothing more to say: whoever took it away knows why.
func (t *turn) seal(hold context.Context) (bool, error) {
	for {
		var with queue.Token
		v, err := t.told(hold, func(ctx context.Context, l queue.Lease) (queue.Verdict, error) {
			with = l.Token
			return t.Queue.Seal(ctx, l)
		})
		if err == nil && v != queue.OK {
			t.log.Info("not posted", "verdict", v)
		}
		if err != nil || v != queue.OK || t.sealed(with) {
			return v == queue.OK, err
		}
	}
}

// post shows the result and completes the outcome.
func (t *turn) post(hold context.Context, made Made) (out queue.Outcome, err error) {
	began := time.Now()
	err = t.persist(hold, func() (err error) {
		out, err = t.Post.Post(hold, t.job, made)
		return err
	})
	if out.Files == nil {
		for _, p := range made.Files {
			out.Files = append(out.Files, p.File)
		}
	}
	if out.Millis == nil {
		out.Millis = map[string]int64{}
		maps.Copy(out.Millis, made.Millis)
		out.Millis["post"] = time.Since(began).Milliseconds()
	}
	return out, err
}

// done reports the end of a job that was found or posted under a lease, and tells whether that is all. It is not when
// pictures were left in the tray and the job was adopted since: the tray may have been lost with the queue. If the end
// cannot be told, the next holder looks and finds it posted.
func (t *turn) done(hold context.Context, with queue.Token, took time.Duration, out queue.Outcome) bool {
	lost := false
	v, err := t.told(hold, func(ctx context.Context, l queue.Lease) (queue.Verdict, error) {
		if lost = out.Delivered == queue.DeliveredTray && l.Token != with; lost {
			return queue.OK, nil
		}
		return t.Queue.Done(ctx, l, took.Milliseconds(), out)
	})
	if lost {
		if hold.Err() == nil {
			return false
		}
		err = context.Cause(hold)
	}
	if err != nil {
		t.log.Warn("the queue did not hear that a job is done", "err", err)
		return true
	}
	t.log.Info("done", "verdict", v, "delivered", out.Delivered, "ms", took.Milliseconds())
	return true
}
