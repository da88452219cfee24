package queue

import (
	"context"
	"fmt"
)

// CancelResult tells what a Cancel could still do.
type CancelResult string

// The results of a Cancel.
const (
	CancelRemoved   CancelResult = "REMOVED"   // it has left the queue and will never be posted
	CancelStopping  CancelResult = "STOPPING"  // its renderer stops; JobCancelled follows, or JobDone if it was posted
	CancelPosting   CancelResult = "POSTING"   // too late: the renderer is posting it
	CancelUnclaimed CancelResult = "UNCLAIMED" // ask again: its earlier renderer may be posting it
	CancelUnknown   CancelResult = "UNKNOWN"   // not in the queue, or it has ended
)

// Cancel removes a job from the queue or stops its renderer. By says who cancelled it and is the Reason of the event. A
// job that may have been posted (MaybePosted) stays until a renderer has checked its message.
func (q *Queue) Cancel(ctx context.Context, id, by string) (CancelResult, error) {
	r, err := q.run(ctx, cancelScript, anyEpoch, id, by)
	if err != nil {
		return CancelUnknown, fmt.Errorf("cancel job %s: %w", id, err)
	}
	return CancelResult(r.code()), nil
}
