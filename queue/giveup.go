package queue

import (
	"context"
	"fmt"
)

// GiveUp ends a job that waits and that no renderer can take, with a JobFailed event that has the reason. It returns
// false if the job does not wait: a renderer has it or may reclaim it, or it has ended.
func (q *Queue) GiveUp(ctx context.Context, id, reason string) (bool, error) {
	r, err := q.run(ctx, giveUpScript, anyEpoch, id, reason)
	if err != nil {
		return false, fmt.Errorf("give up job %s: %w", id, err)
	}
	return r.code() == "OK", nil
}
