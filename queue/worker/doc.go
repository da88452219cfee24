// Package worker is a renderer's day. A Bench does this, again and again:
//
//  1. reserve: ask the queue for the job that is owed most, or for a few of one batch; when there is none, wait for the
//     event stream's bell, and ask again at least each two seconds;
//  2. beat: from the lease to the end, tell the queue that somebody still works, and hear of a cancel. The lease's end
//     is watched on the local, monotonic clock: past it the job is dropped, whatever the network does. When the queue was
//     emptied and has begun a new epoch, the job in hand is adopted there and the painting goes on;
//  3. look: if the job may have been posted by somebody who was lost, read its message; if it is there, go to 7;
//  4. paint, telling progress through a mailbox of one, so that no step ever waits for an edit;
//  5. seal: the commit point. Before it a cancel wins, after it the post does;
//  6. post, trying again for a lease's time where the fault may pass;
//  7. done: with what was made, where it is, and the time it took.
//
// The jobs of a batch go through steps 3 to 7 in turn, or side by side where the painter is a Gatherer, and each has an end
// of its own. Those that were painted side by side have taken an equal part of the time each.
//
// What ends a job before its time is the cause of its context:
//
//   - ErrCancelled, a person's wish: stop within a step, post nothing, tell the queue that it stopped;
//   - ErrLeaseLost, the job is somebody else's or the queue was emptied: stop, say nothing;
//   - ErrStopping, this process ends and the picture was not finished within Grace: give the job back to its place.
//
// When looking or posting fails for a lease's time with what may pass, the job is given back as well: an outage counts
// against nobody's picture. From the second time on it waits longer and longer before it comes up again: perhaps it is the
// only one that cannot be posted, and others should not wait for it.
//
// A painting that stands still for twice its estimate (and no less than Hang), or that does not stop when it is over, hangs:
// no call ends it. The queue is told that the job brought its renderer down, whatever waited behind it is given back, and
// Run returns ErrHung, so that the process starts itself anew.
//
// Everything else is an error of a step: the job is tried again later unless the error is Final or the queue says that
// it failed too often; then its owner is told sorry. A panic while painting is final for that one job: the stack is
// logged and the bench goes on. Neither prompts nor tokens are logged.
package worker
