package queue

import (
	"context"
	"fmt"
)

// LimitRunning sets how many images of one user of a server may run at once; 0 is no limit. It applies at once to the
// jobs that wait; running jobs go on. Later jobs bring their own limit.
func (q *Queue) LimitRunning(ctx context.Context, server string, pictures int) error {
	if _, err := q.run(ctx, limitScript, anyEpoch, escape(server), max(pictures, 0)); err != nil {
		return fmt.Errorf("limit what runs in server %s: %w", server, err)
	}
	return nil
}
