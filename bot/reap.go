package bot

import (
	"context"
	"errors"

	"darkroom/queue"
)

// reap brings back jobs whose renderer was lost.
func (b *Bot) reap(ctx context.Context) error {
	well := true
	for {
		n, err := b.line.Reap(ctx)
		if errors.Is(err, queue.ErrEpoch) {
			err = nil // the relay is about to begin it
		}
		if err != nil && ctx.Err() == nil && well {
			b.log.Warn("leases cannot be reaped", "error", err)
		}
		if well = err == nil; well && n > 0 {
			b.log.Info("jobs were moved by the reaper", "jobs", n)
		}
		if sleep(ctx, b.o.Pace.Reap) != nil {
			return nil
		}
	}
}
