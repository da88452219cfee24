package delivery

import (
	"context"
	"log/slog"
	"time"

	"darkroom/bot/rest"
)

// rounds try again and again, in one of several bots, to tell people of jobs.
type rounds struct {
	attempts  *attempts
	claim     claim
	claimName string
	now       func() time.Time
	log       *slog.Logger
}

// run tries one round: what list returns, as far as it is due. A few failures that may pass end the round: Discord is
// in trouble. what says in the log what is tried.
func (r *rounds) run(
	ctx context.Context, what string, list func(context.Context) ([]string, error),
	try func(ctx context.Context, job string) error,
) {
	if mine, err := r.claim(ctx, r.claimName, backgroundTimeout); err != nil || !mine {
		return
	}
	jobs, err := list(ctx)
	if err != nil && ctx.Err() == nil {
		r.log.Warn("what is due cannot be read", "what", what, "error", err)
	}
	round, cancel := context.WithTimeout(ctx, backgroundTimeout)
	defer cancel()
	failed := 0
	for _, id := range jobs {
		if !r.attempts.due(id, r.now()) {
			continue
		}
		err := try(round, id)
		if err == nil {
			r.attempts.forget(id)
			continue
		}
		if ctx.Err() != nil {
			return
		}
		r.attempts.fail(id, r.now())
		r.log.Warn("the owner of a job is not told yet", "what", what, "job", id, "error", rest.Redact(err.Error()))
		if failed++; failed == maxFailedRetries {
			return
		}
	}
}
