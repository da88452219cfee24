package queue

import (
	"context"
	"fmt"
)

// reapBatch is how many jobs one call of the script moves, so that no call holds Redis up.
const reapBatch = 100

// Reap brings back jobs whose lease ran out or whose delay is over, gives up those that crashed too often and
// forgets what is long past. Every process should call it each second or two; no leader is needed.
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
