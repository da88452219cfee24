package bot

import (
	"context"
	"errors"

	"darkroom/queue"
)

// reap brings back jobs whose renderer was lost.
func (b *Bot) reap(ctx context.Context) error {
	healthy := true
	for {
		n, err := b.queue.Reap(ctx)
		if errors.Is(err, queue.ErrEpoch) {
			err = nil // the relay is about to begin it
		}
		if err != nil && ctx.Err() == nil && healthy {
			b.log.Warn("leases cannot be reaped", "error", err)
		}
		if healthy = err == nil; healthy && n > 0 {
			b.log.Info("jobs were moved by the reaper", "jobs", n)
		}
		if sleep(ctx, b.o.Intervals.Reap) != nil {
			return nil
		}
	}
}
