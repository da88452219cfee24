// Package work is a renderer's day. A Bench does this, again and again:
//
//  1. reserve: ask the queue for the job that is owed most; when there is none, wait for the event stream's bell,
//     and ask again at least each two seconds;
//  2. beat: from the lease to the end, tell the queue that somebody still works, and hear of a cancel. The lease's end
//     is watched on the local, monotonic clock: past it the job is dropped, whatever the network does;
//  3. look: if the job may have been posted by somebody who was lost, read its message; if it is there, go to 7;
//  4. paint, telling progress through a mailbox of one, so that no step ever waits for an edit;
//  5. seal: the commit point. Before it a cancel wins, after it the post does;
//  6. post, trying again for a lease's time where the fault may pass;
//  7. done: with what was made, where it is, and the time it took.
//
// What ends a job before its time is the cause of its context:
//
//   - ErrCancelled, a person's wish: stop within a step, post nothing, tell the queue that it stopped;
//   - ErrLeaseLost, the job is somebody else's or the queue was emptied: stop, say nothing;
//   - ErrStopping, this process ends and the picture was not finished within Grace: give the job back to its place.
//
// When looking or posting fails for a lease's time with what may pass, the job is given back as well: an outage counts
// against nobody's picture.
//
// Everything else is an error of a step: the job is tried again later unless the error is Final or the queue says that
// it failed too often; then its owner is told sorry. A panic while painting is final for that one job: the stack is
// logged and the bench goes on. Neither prompts nor tokens are logged.
package work
