package bot

import (
	"context"
	"fmt"

	"darkroom/queue"
)

// failCrashed gives up, before anything is in line, the jobs whose painting ended the process too often, and tells their
// owners. A queue in the memory of that process could not count them.
func (b *Bot) failCrashed(ctx context.Context) error {
	if b.o.MaxCrashes < 1 {
		return nil
	}
	ids, err := b.db.CrashedJobs(ctx, b.o.MaxCrashes)
	for _, id := range ids {
		if err == nil {
			err = b.jobFailed(ctx, queue.Event{Job: id, Reason: fmt.Sprintf("the renderer was lost %d times while painting", b.o.MaxCrashes)})
		}
	}
	if err != nil {
		return fmt.Errorf("give up what ended the process: %w", err)
	}
	return nil
}
