package bot

import (
	"context"
	"errors"
	"fmt"

	"darkroom/queue"
	"darkroom/store"
)

// Scope is a stop as the queue names it.
func PauseScope(p store.Pause) queue.Scope {
	switch p.Kind {
	case "server":
		return queue.Scope{Server: p.Name}
	case "lane":
		return queue.Scope{Lane: p.Name}
	}
	return queue.Scope{}
}

// restop sees to it that the queue has stopped what the ledger says, and nothing else: a queue that was wiped has
// forgotten its stops, and one that could not be reached did not hear of the latest.
func (b *Bot) syncPauses(ctx context.Context) error {
	want, err := b.db.Pauses(ctx)
	if err != nil {
		return err
	}
	has, err := b.queue.Pauses(ctx)
	if errors.Is(err, queue.ErrEpoch) {
		return nil // the relay is about to begin it
	}
	if err != nil {
		return err
	}
	stopped := map[queue.Scope]string{}
	for _, p := range has {
		stopped[p.Scope] = p.Reason
	}
	for _, p := range want {
		reason, there := stopped[PauseScope(p)]
		delete(stopped, PauseScope(p))
		if there && reason == p.Reason {
			continue
		}
		if err := b.queue.Pause(ctx, PauseScope(p), p.Reason); err != nil {
			return fmt.Errorf("stop the line again: %w", err)
		}
	}
	for s := range stopped {
		if err := b.queue.Resume(ctx, s); err != nil {
			return fmt.Errorf("let the line go on: %w", err)
		}
	}
	return nil
}
