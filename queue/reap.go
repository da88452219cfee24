package queue

import (
	"context"
	"fmt"
)

// reapBatch is how many jobs one call of the script moves, so that no call blocks Redis for long.
const reapBatch = 100

// Reap requeues jobs whose lease ran out or whose delay is over, ends those that crashed too often, and deletes old
// tombstones. Every process should call it every second or two; no leader is needed.
func (q *Queue) Reap(ctx context.Context) (n int, err error) {
	for {
		moved, err := q.runReap(ctx, "", false)
		if err != nil {
			return n, fmt.Errorf("reap: %w", err)
		}
		n += moved
		if moved < reapBatch {
			return n, nil
		}
	}
}

// RendererDied ends the leases of a slot whose renderer is known to be dead, as if their time had run out: nobody
// waits for that. Each job that was being generated counts one more crash. The slot must not be in use by another
// renderer.
func (q *Queue) RendererDied(ctx context.Context, slot string) error {
	if _, err := q.runReap(ctx, slot, false); err != nil {
		return fmt.Errorf("end leases of %s: %w", slot, err)
	}
	return nil
}

// ReleaseSlot is RendererDied for a renderer that died of something that is no fault of its jobs, such as a file that
// was cut short while it was in use. They return to their positions, and nothing counts against them.
func (q *Queue) ReleaseSlot(ctx context.Context, slot string) error {
	if _, err := q.runReap(ctx, slot, true); err != nil {
		return fmt.Errorf("release the leases of %s: %w", slot, err)
	}
	return nil
}

// runReap runs the script once and returns how many jobs it moved. deadSlot is a slot whose leases end now, "" for
// none; with blameless its jobs are released.
func (q *Queue) runReap(ctx context.Context, deadSlot string, blameless bool) (int, error) {
	r, err := q.run(ctx, reapScript, anyEpoch, reapBatch, q.opts.MaxCrashes, q.opts.MaxErrors,
		ms(q.opts.KeepEnded), q.opts.MaxEnded, ms(q.opts.Lease), deadSlot, blameless)
	if err != nil {
		return 0, err
	}
	moved, err := r.number(1)
	return int(moved), err
}
