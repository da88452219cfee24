package queue

import (
	"context"
	"fmt"
)

// RendererDied ends the leases of a slot whose renderer is known to be dead, as if their time had run out: nobody waits
// for that. Each job that was being rendered counts one more crash. The slot must not be in use by another renderer.
func (q *Queue) RendererDied(ctx context.Context, slot string) error {
	if _, err := q.runReap(ctx, slot); err != nil {
		return fmt.Errorf("end leases of %s: %w", slot, err)
	}
	return nil
}
