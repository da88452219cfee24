package work

import (
	"context"
	"errors"

	"darkroom/queue"
)

// broken ends a job whose step returned err: by the cause of its context if that has ended, else by what err says.
// An outage of the place that is posted to is no fault of the job: it is given back, and not counted against it. After
// the seal the next holder looks first, so while the outage lasts nothing is painted again. Should it fail once more, it
// may be this one job that cannot be posted: it waits for longer and longer, so that others have their turn.
func (t *turn) broken(paint context.Context, step string, err error) {
	switch cause := context.Cause(paint); {
	case errors.Is(cause, ErrLeaseLost):
		t.log.Info("dropped", "step", step)
	case errors.Is(cause, ErrStopping):
		t.giveBack(paint)
	case errors.Is(cause, ErrCancelled) && step == painting:
		t.stopped(paint)
	case (step == looking || step == posting) && mayPass(err):
		t.log.Warn("cannot be posted now", "step", step, "err", err)
		rest(paint, t.Options.Beat)
		if t.job.Look {
			t.postpone(paint)
		} else {
			t.giveBack(paint)
		}
	case errors.Is(err, ErrHung):
		t.crash(paint)
	default:
		t.fail(paint, step, err)
	}
}

func (t *turn) giveBack(job context.Context) { t.release(job, "given back", t.Queue.Release) }

func (t *turn) postpone(job context.Context) { t.release(job, "postponed", t.Queue.Postpone) }

func (t *turn) release(job context.Context, what string, how func(context.Context, queue.Lease) (queue.Verdict, error)) {
	err := t.insist(job, func(ctx context.Context) error {
		_, err := how(ctx, t.lease())
		return err
	})
	t.log.Info(what, "err", err)
}

func (t *turn) stopped(job context.Context) {
	err := t.insist(job, func(ctx context.Context) error {
		_, err := t.Queue.Stopped(ctx, t.lease())
		return err
	})
	t.log.Info("cancelled", "err", err)
}

// fail lets the queue decide whether the job is tried again; if not, its owner is told.
func (t *turn) fail(job context.Context, step string, err error) {
	reason, retry := verdictOn(step, err)
	var final bool
	unheard := t.insist(job, func(ctx context.Context) (err error) {
		final, err = t.Queue.Fail(ctx, t.lease(), reason, retry)
		return err
	})
	t.log.Warn("failed", "step", step, "final", final, "err", err, "queue", unheard)
	var panicked *PanicError
	if errors.As(err, &panicked) {
		t.log.Error("panic", "step", step, "panic", panicked)
	}
	if final {
		t.sorry(job, reason)
	}
}

// crash reports a painting that hangs: this process ends over it, as if the job had killed it.
func (t *turn) crash(job context.Context) {
	const reason = "the model hung over this picture"
	var final bool
	unheard := t.insist(job, func(ctx context.Context) (err error) {
		final, err = t.Queue.Crashed(ctx, t.lease(), reason)
		return err
	})
	t.log.Error("hung", "percent", t.percent.Load(), "patience", t.patience(), "final", final, "queue", unheard)
	if final {
		t.sorry(job, reason)
	}
}

func (t *turn) sorry(job context.Context, reason string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(job), sorryFor)
	defer cancel()
	if err := safely(func() error { return t.Post.Sorry(ctx, t.job, reason) }); err != nil {
		t.log.Warn("no apology was sent", "err", err)
	}
}
