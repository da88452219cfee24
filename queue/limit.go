package queue

import (
	"context"
	"fmt"
)

// LimitRunning sets how many pictures of one user of a server may run at once; 0 is no limit. It is in force at once for
// the jobs that wait already; what runs goes on. Later jobs bring their own limit along.
func (q *Queue) LimitRunning(ctx context.Context, server string, pictures int) error {
	if _, err := q.run(ctx, limitScript, anyEpoch, escape(server), max(pictures, 0)); err != nil {
		return fmt.Errorf("limit what runs in server %s: %w", server, err)
	}
	return nil
}
