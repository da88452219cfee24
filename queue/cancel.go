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
	r, err := q.run(ctx, cancelScript, anyEpoch, id, by, 0)
	if err != nil {
		return CancelUnknown, fmt.Errorf("cancel job %s: %w", id, err)
	}
	return CancelResult(r.code()), nil
}

// RemoveEnded takes a job out of the queue that has ended elsewhere: its images were delivered while the queue held it
// once more. It never answers CancelUnclaimed. A job that waits for its renderer of an earlier epoch is marked: whoever
// gets it next checks its message and renders nothing.
func (q *Queue) RemoveEnded(ctx context.Context, id string) (CancelResult, error) {
	r, err := q.run(ctx, cancelScript, anyEpoch, id, "it ended on its way", 1)
	if err != nil {
		return CancelUnknown, fmt.Errorf("remove ended job %s: %w", id, err)
	}
	return CancelResult(r.code()), nil
}
