package worker

import (
	"context"
	"errors"

	"darkroom/queue"
	"darkroom/queue/backoff"
)

// handleFailure ends a job whose step returned err: by the cause of its context if that has ended, else by the error.
// An outage of Discord is not the job's fault: the job is released, and nothing counts against it. After the seal the
// next renderer checks the message first, so nothing is rendered again during the outage. If it fails once more, this
// may be the one job that cannot be posted: it is postponed, so that others are served.
func (r *jobRun) handleFailure(jobCtx context.Context, step string, err error) {
	switch cause := context.Cause(jobCtx); {
	case errors.Is(cause, ErrLeaseLost):
		r.log.Info("lease lost", "step", step)
	case errors.Is(cause, ErrStopping):
		r.release(jobCtx)
	case errors.Is(cause, ErrCancelled) && step == rendering:
		r.confirmCancel(jobCtx)
	case (step == checking || step == posting) && isTransient(err):
		r.log.Warn("cannot post, will retry", "step", step, "error", err)
		if r.job.MaybePosted {
			r.postpone(jobCtx) // the queue holds it back, and others are served meanwhile
		} else {
			_ = backoff.Sleep(jobCtx, r.Options.Heartbeat) // the lease must be given back in any case
			r.release(jobCtx)
		}
	case errors.Is(err, queue.ErrEpoch):
		r.log.Warn("the queue lost what the job needs", "step", step, "error", err)
		r.release(jobCtx)
	case errors.Is(err, ErrHung):
		r.reportHang(jobCtx)
	default:
		r.fail(jobCtx, step, err)
	}
}

func (r *jobRun) release(jobCtx context.Context) {
	r.log.Info("job released", "error", r.giveUp(jobCtx, r.Queue.Release))
}

func (r *jobRun) postpone(jobCtx context.Context) {
	r.log.Info("job postponed", "error", r.giveUp(jobCtx, r.Queue.Postpone))
}

func (r *jobRun) confirmCancel(jobCtx context.Context) {
	r.log.Info("job cancelled", "error", r.giveUp(jobCtx, r.Queue.ConfirmCancel))
}

// giveUp ends the lease by a call whose verdict does not matter.
func (r *jobRun) giveUp(jobCtx context.Context, call leaseCall) error {
	return r.callUntilAnswered(jobCtx, func(ctx context.Context) error {
		_, err := call(ctx, r.lease())
		return err
	})
}

// fail lets the queue decide whether the job is tried again. If not, its owner gets a message.
func (r *jobRun) fail(jobCtx context.Context, step string, err error) {
	reason, retry := classify(step, err)
	var final bool
	queueErr := r.callUntilAnswered(jobCtx, func(ctx context.Context) (err error) {
		final, err = r.Queue.Fail(ctx, r.lease(), reason, retry)
		return err
	})
	r.log.Warn("job failed", "step", step, "final", final, "error", err, "queue_error", queueErr)
	if panicked, ok := errors.AsType[*PanicError](err); ok {
		r.log.Error("panic", "step", step, "panic", panicked)
	}
	if final {
		r.postFailure(jobCtx, reason)
	}
}

// reportHang reports that rendering hangs: this process ends because of it, as if the job had killed it.
func (r *jobRun) reportHang(jobCtx context.Context) {
	var final bool
	queueErr := r.callUntilAnswered(jobCtx, func(ctx context.Context) (err error) {
		final, err = r.Queue.Crashed(ctx, r.lease(), reasonHung)
		return err
	})
	r.log.Error("rendering hangs", "percent", r.percent.Load(), "timeout", r.hangAfter(), "final", final,
		"queue_error", queueErr)
	if final {
		r.postFailure(jobCtx, reasonHung)
	}
}

func (r *jobRun) postFailure(jobCtx context.Context, reason string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(jobCtx), failureTimeout)
	defer cancel()
	if err := catchPanic(func() error { return r.Poster.PostFailure(ctx, r.job, reason) }); err != nil {
		r.log.Warn("cannot post the failure", "error", err)
	}
}
