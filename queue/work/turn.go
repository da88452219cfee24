package work

import (
	"context"
	"errors"
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

// sorryFor is how long an apology may take.
const sorryFor = 10 * time.Second

// turn is one job in hand. Its context ends with the lease or the process; the painting's also with a cancel.
type turn struct {
	Bench
	lease     queue.Lease
	log       *slog.Logger
	hold      context.Context // lease and process
	drop      context.CancelCauseFunc
	paint     context.Context // hold, and until a person cancels
	cancelled context.CancelCauseFunc
	percent   atomic.Int64
	alarm     *time.Timer // ends hold shortly before the lease may be somebody else's
	began     time.Time
}

func newTurn(b Bench, l queue.Lease) *turn {
	t := &turn{Bench: b, lease: l, began: time.Now(), log: b.Options.Log.With("job", l.Job.ID, "attempt", l.Attempt)}
	t.hold, t.drop = context.WithCancelCause(context.Background())
	t.paint, t.cancelled = context.WithCancelCause(t.hold)
	t.alarm = time.AfterFunc(time.Until(l.Until)-t.margin(), func() { t.drop(ErrLeaseLost) })
	return t
}

// margin is how long before the end of a lease its holder lets go.
func (t *turn) margin() time.Duration { return t.Options.Lease / 6 }

// run works on the job until it ends one way or another. Once stop ends, it has Grace left.
func (t *turn) run(stop context.Context) {
	t.log.Info("leased")
	grace := context.AfterFunc(stop, func() {
		timer := time.AfterFunc(t.Options.Grace, func() { t.drop(ErrStopping) })
		context.AfterFunc(t.hold, func() { timer.Stop() })
	})
	pulse := make(chan struct{})
	go func() { defer close(pulse); t.pulse() }()
	t.work()
	grace()
	t.alarm.Stop()
	t.drop(nil)
	<-pulse
}

// work is the line from lease to done.
func (t *turn) work() {
	if t.lease.Job.Look {
		found, out, err := t.look()
		if err != nil {
			t.broken(looking, err)
			return
		}
		if found {
			t.done(0, out)
			return
		}
	}
	made, err := t.make()
	if err != nil {
		t.broken(painting, err)
		return
	}
	took := time.Since(t.began)
	if !t.seal() {
		return
	}
	out, err := t.post(made)
	if err != nil {
		t.broken(posting, err)
		return
	}
	t.done(took, out)
}

// look reads the message of a job that may have been posted. A cancel does not end it: only who has looked can tell
// whether it comes in time.
func (t *turn) look() (found bool, out queue.Outcome, err error) {
	err = t.persist(func() (err error) {
		found, out, err = t.Post.Look(t.hold, t.lease.Job)
		return err
	})
	if found && out.Delivered == "" {
		out.Delivered = "found"
	}
	return found, out, err
}

// make paints, telling progress on the side.
func (t *turn) make() (made Made, err error) {
	news := newTeller(func(percent int, preview func() image.Image) error {
		return t.Post.Progress(t.paint, t.lease.Job, percent, preview)
	}, t.log)
	defer news.stop()
	err = safely(func() (err error) {
		made, err = t.Paint.Paint(t.paint, t.lease, func(percent int, preview func() image.Image) {
			t.percent.Store(int64(percent))
			news.tell(percent, preview)
		})
		return err
	})
	if err == nil {
		err = context.Cause(t.paint)
	}
	return made, err
}

// seal asks for the right to post.
func (t *turn) seal() bool {
	var v queue.Verdict
	err := t.insist(func(ctx context.Context) (err error) {
		v, err = t.Queue.Seal(ctx, t.lease)
		return err
	})
	if err != nil {
		t.broken(sealing, err)
		return false
	}
	if v != queue.OK {
		t.log.Info("not posted", "verdict", v)
	}
	return v == queue.OK
}

// post shows the result and completes the outcome.
func (t *turn) post(made Made) (out queue.Outcome, err error) {
	began := time.Now()
	err = t.persist(func() (err error) {
		out, err = t.Post.Post(t.hold, t.lease.Job, made)
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
func (t *turn) done(took time.Duration, out queue.Outcome) {
	var v queue.Verdict
	err := t.insist(func(ctx context.Context) (err error) {
		v, err = t.Queue.Done(ctx, t.lease, took.Milliseconds(), out)
		return err
	})
	if err != nil {
		t.log.Warn("the queue did not hear that a job is done", "err", err)
		return
	}
	t.log.Info("done", "verdict", v, "delivered", out.Delivered, "ms", took.Milliseconds())
}

// broken ends a job whose step returned err, by the cause of its context if that has ended.
func (t *turn) broken(step string, err error) {
	switch cause := context.Cause(t.paint); {
	case errors.Is(cause, ErrLeaseLost):
		t.log.Info("dropped", "step", step)
	case errors.Is(cause, ErrStopping):
		t.giveBack()
	case errors.Is(cause, ErrCancelled) && step == painting:
		t.stopped()
	default:
		t.fail(step, err)
	}
}

func (t *turn) giveBack() {
	err := t.insist(func(ctx context.Context) error {
		_, err := t.Queue.Release(ctx, t.lease)
		return err
	})
	t.log.Info("given back", "err", err)
}

func (t *turn) stopped() {
	err := t.insist(func(ctx context.Context) error {
		_, err := t.Queue.Stopped(ctx, t.lease)
		return err
	})
	t.log.Info("cancelled", "err", err)
}

func (t *turn) fail(step string, err error) {
	reason, retry := verdictOn(step, err)
	var final bool
	unheard := t.insist(func(ctx context.Context) (err error) {
		final, err = t.Queue.Fail(ctx, t.lease, reason, retry)
		return err
	})
	t.log.Warn("failed", "step", step, "final", final, "err", err, "queue", unheard)
	var panicked *PanicError
	if errors.As(err, &panicked) {
		t.log.Error("panic", "step", step, "panic", panicked)
	}
	if !final {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.hold), sorryFor)
	defer cancel()
	if err := safely(func() error { return t.Post.Sorry(ctx, t.lease.Job, reason) }); err != nil {
		t.log.Warn("no apology was sent", "err", err)
	}
}
