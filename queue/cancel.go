package queue

import (
	"context"
	"fmt"
)

// CancelResult tells what a Cancel could still do.
type CancelResult string

// The answers to a Cancel.
const (
	CancelRemoved   CancelResult = "REMOVED"   // it has left the line and will never be posted
	CancelStopping  CancelResult = "STOPPING"  // its renderer stops within a step; a Gone event follows, or Done if it was posted before
	CancelPosting   CancelResult = "POSTING"   // too late: the renderer is posting it
	CancelUnclaimed CancelResult = "UNCLAIMED" // ask again: its renderer of an earlier epoch, which may be posting it, was not heard of in this one
	CancelUnknown   CancelResult = "UNKNOWN"   // not in the queue, or over
)

// Cancel takes a job out of line or has its renderer stop. By says who wanted it and comes back as the Reason of the
// event. A job that may have been posted already (Look) stays until a renderer has looked.
func (q *Queue) Cancel(ctx context.Context, id, by string) (CancelResult, error) {
	r, err := q.run(ctx, cancelScript, anyEpoch, id, by)
	if err != nil {
		return CancelUnknown, fmt.Errorf("cancel job %s: %w", id, err)
	}
	return CancelResult(r.code()), nil
}
