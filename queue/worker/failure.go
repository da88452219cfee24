package worker

import (
	"context"
	"errors"

	"darkroom/queue"
)

// broken ends a job whose step returned err: by the cause of its context if that has ended, else by what err says.
// An outage of the place that is posted to is no fault of the job: it is given back, and not counted against it. After
// the seal the next holder looks first, so while the outage lasts nothing is painted again. Should it fail once more, it
// may be this one job that cannot be posted: it waits for longer and longer, so that others have their turn.
func (t *jobRun) handleFailure(jobCtx context.Context, step string, err error) {
	switch cause := context.Cause(jobCtx); {
	case errors.Is(cause, ErrLeaseLost):
		t.log.Info("dropped", "step", step)
	case errors.Is(cause, ErrStopping):
		t.release(jobCtx)
	case errors.Is(cause, ErrCancelled) && step == rendering:
		t.confirmCancel(jobCtx)
	case (step == checking || step == posting) && isTransient(err):
		t.log.Warn("cannot be posted now", "step", step, "err", err)
		sleep(jobCtx, t.Options.Heartbeat)
		if t.job.MaybePosted {
			t.postpone(jobCtx)
		} else {
			t.release(jobCtx)
		}
	case errors.Is(err, ErrHung):
		t.reportHang(jobCtx)
	default:
		t.fail(jobCtx, step, err)
	}
}

func (t *jobRun) release(jobCtx context.Context) { t.releaseBy(jobCtx, "given back", t.Queue.Release) }

func (t *jobRun) postpone(jobCtx context.Context) { t.releaseBy(jobCtx, "postponed", t.Queue.Postpone) }

func (t *jobRun) releaseBy(jobCtx context.Context, message string, call func(context.Context, queue.Lease) (queue.Verdict, error)) {
	err := t.callUntilAnswered(jobCtx, func(ctx context.Context) error {
		_, err := call(ctx, t.lease())
		return err
	})
	t.log.Info(message, "err", err)
}

func (t *jobRun) confirmCancel(jobCtx context.Context) {
	err := t.callUntilAnswered(jobCtx, func(ctx context.Context) error {
		_, err := t.Queue.ConfirmCancel(ctx, t.lease())
		return err
	})
	t.log.Info("cancelled", "err", err)
}

// fail lets the queue decide whether the job is tried again; if not, its owner is told.
func (t *jobRun) fail(jobCtx context.Context, step string, err error) {
	reason, retry := classify(step, err)
	var final bool
	queueErr := t.callUntilAnswered(jobCtx, func(ctx context.Context) (err error) {
		final, err = t.Queue.Fail(ctx, t.lease(), reason, retry)
		return err
	})
	t.log.Warn("failed", "step", step, "final", final, "err", err, "queue", queueErr)
	var panicked *PanicError
	if errors.As(err, &panicked) {
		t.log.Error("panic", "step", step, "panic", panicked)
	}
	if final {
		t.postFailure(jobCtx, reason)
	}
}

// crash reports a painting that hangs: this process ends over it, as if the job had killed it.
func (t *jobRun) reportHang(jobCtx context.Context) {
	const reason = "the model hung over this picture"
	var final bool
	queueErr := t.callUntilAnswered(jobCtx, func(ctx context.Context) (err error) {
		final, err = t.Queue.Crashed(ctx, t.lease(), reason)
		return err
	})
	t.log.Error("hung", "percent", t.percent.Load(), "patience", t.hangAfter(), "final", final, "queue", queueErr)
	if final {
		t.postFailure(jobCtx, reason)
	}
}

func (t *jobRun) postFailure(jobCtx context.Context, reason string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(jobCtx), failureTimeout)
	defer cancel()
	if err := catchPanic(func() error { return t.Poster.PostFailure(ctx, t.job, reason) }); err != nil {
		t.log.Warn("no apology was sent", "err", err)
	}
}
