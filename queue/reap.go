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
		r, err := q.run(ctx, reapScript, anyEpoch, reapBatch, q.opts.MaxCrashes, q.opts.MaxErrors,
			ms(q.opts.KeepEnded), q.opts.MaxEnded, ms(q.opts.Lease))
		if err != nil {
			return n, fmt.Errorf("reap: %w", err)
		}
		moved, err := r.number(1)
		if err != nil {
			return n, fmt.Errorf("reap: %w", err)
		}
		n += int(moved)
		if moved < reapBatch {
			return n, nil
		}
	}
}
