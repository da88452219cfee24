package work

import (
	"context"
	"image"
	"log/slog"
	"maps"
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
	lease     queue.Lease
	log       *slog.Logger
	drop      context.CancelCauseFunc // ends hold
	cancelled context.CancelCauseFunc // ends paint
	percent   atomic.Int64
	alarm     *time.Timer // ends hold shortly before the lease may be somebody else's
	began     time.Time
}

func newTurn(b Bench, l queue.Lease, drop, cancelled context.CancelCauseFunc) *turn {
	t := &turn{Bench: b, lease: l, drop: drop, cancelled: cancelled, began: time.Now()}
	t.log = b.Options.Log.With("job", l.Job.ID, "attempt", l.Attempt)
	t.alarm = time.AfterFunc(time.Until(l.Until)-t.margin(), func() { drop(ErrLeaseLost) })
	return t
}

// margin is how long before the end of a lease its holder lets go.
func (t *turn) margin() time.Duration { return t.Options.Lease / 6 }

// run works on the job until it ends one way or another. Once stop ends, it has Grace left.
func (t *turn) run(stop, hold, paint context.Context) {
	t.log.Info("leased")
	grace := context.AfterFunc(stop, func() {
		timer := time.AfterFunc(t.Options.Grace, func() { t.drop(ErrStopping) })
		context.AfterFunc(hold, func() { timer.Stop() })
	})
	pulse := make(chan struct{})
	go func() { defer close(pulse); t.pulse(hold) }()
	t.work(hold, paint)
	grace()
	t.alarm.Stop()
	t.drop(nil)
	<-pulse
}

// work is the line from lease to done.
func (t *turn) work(hold, paint context.Context) {
	if t.lease.Job.Look {
		found, out, err := t.look(hold)
		if err != nil {
			t.broken(paint, looking, err)
			return
		}
		if found {
			t.done(hold, 0, out)
			return
		}
	}
	made, err := t.make(paint)
	if err != nil {
		t.broken(paint, painting, err)
		return
	}
	took := time.Since(t.began)
	sealed, err := t.seal(hold)
	if err != nil {
		t.broken(paint, sealing, err)
		return
	}
	if !sealed {
		return
	}
	out, err := t.post(hold, made)
	if err != nil {
		t.broken(paint, posting, err)
		return
	}
	t.done(hold, took, out)
}

// look reads the message of a job that may have been posted. A cancel does not end it: only who has looked can tell
// whether it comes in time.
func (t *turn) look(hold context.Context) (found bool, out queue.Outcome, err error) {
	err = t.persist(hold, func() (err error) {
		found, out, err = t.Post.Look(hold, t.lease.Job)
		return err
	})
	if found && out.Delivered == "" {
		out.Delivered = "found"
	}
	return found, out, err
}

// make paints, telling progress on the side.
func (t *turn) make(paint context.Context) (made Made, err error) {
	news := newTeller(func(percent int, preview func() image.Image) error {
		ctx, cancel := context.WithTimeout(paint, progressFor)
		defer cancel()
		return t.Post.Progress(ctx, t.lease.Job, percent, preview)
	}, t.log)
	defer news.stop()
	err = safely(func() (err error) {
		made, err = t.Paint.Paint(paint, t.lease, func(percent int, preview func() image.Image) {
			t.percent.Store(int64(percent))
			news.tell(percent, preview)
		})
		return err
	})
	if err == nil {
		err = context.Cause(paint)
	}
	return made, err
}

// seal asks for the right to post. Without it there is nothing more to say: whoever took it away knows why.
func (t *turn) seal(hold context.Context) (bool, error) {
	var v queue.Verdict
	err := t.insist(hold, func(ctx context.Context) (err error) {
		v, err = t.Queue.Seal(ctx, t.lease)
		return err
	})
	if err == nil && v != queue.OK {
		t.log.Info("not posted", "verdict", v)
	}
	return v == queue.OK, err
}

// post shows the result and completes the outcome.
func (t *turn) post(hold context.Context, made Made) (out queue.Outcome, err error) {
	began := time.Now()
	err = t.persist(hold, func() (err error) {
		out, err = t.Post.Post(hold, t.lease.Job, made)
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

// done reports the end. If that cannot be told, the next holder looks and finds it posted.
func (t *turn) done(hold context.Context, took time.Duration, out queue.Outcome) {
	var v queue.Verdict
	err := t.insist(hold, func(ctx context.Context) (err error) {
		v, err = t.Queue.Done(ctx, t.lease, took.Milliseconds(), out)
		return err
	})
	if err != nil {
		t.log.Warn("the queue did not hear that a job is done", "err", err)
		return
	}
	t.log.Info("done", "verdict", v, "delivered", out.Delivered, "ms", took.Milliseconds())
}
