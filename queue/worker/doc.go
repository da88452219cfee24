// Package worker is the loop of a renderer. A Worker repeats these steps:
//
//  1. reserve: ask the queue for the next job, or for a few of one batch. When there is none, wait for an event, and
//     ask again after at most two seconds.
//  2. heartbeat: from the lease to the end, tell the queue that the job goes on, and learn of a cancel. The local,
//     monotonic clock watches the end of the lease: after it the job is dropped, whatever the network does. When a new
//     epoch begins, the job is reclaimed there and rendering goes on.
//  3. check: if the job may have been posted by a renderer that was lost, read its message. If the result is there, go
//     to 7.
//  4. render. Progress goes through a mailbox of one, so that no step waits for an edit.
//  5. seal: the commit point. Before it a cancel wins, after it the post does.
//  6. post, and repeat it for one lease time if the error may pass.
//  7. done: report what was made, where it is, and the time it took.
//
// The jobs of a batch go through steps 3 to 7 one after another, or together if the renderer is a BatchRenderer. Each
// has an end of its own. The time of jobs that were rendered together is divided equally among them.
//
// The cause of a job's context says what ended it early:
//
//   - ErrCancelled, a person cancelled it: stop within a step, post nothing, tell the queue that it stopped;
//   - ErrLeaseLost, another renderer has it or it is gone: stop, report nothing;
//   - ErrStopping, this process stops and the job was not finished within Grace: release it.
//
// When posting fails for one lease time, or checking for half of one, with an error that may pass, the job is released
// too: an outage counts against no job. From the second time on it is postponed, longer each time: it may be the only
// job that cannot be posted, and others should not wait for it. A Poster that can leave the result to somebody else, as
// rest.Poster does, returns no such error while there is room: the worker goes on and nothing is rendered again.
//
// Rendering hangs if there is no progress for twice the estimate (at least HangTimeout), or if it does not stop when
// its context ends. No call can end it. The worker tells the queue that the job crashed its renderer, releases the rest
// of the batch, and Run returns ErrHung, so that the process can restart.
//
// A worker without a job may do a piece of work that can wait, Options.Idle. It goes on asking for jobs meanwhile, and
// what it leases ends that work first. If the work hangs, the jobs are released and Run returns ErrHung too.
//
// Any other error fails a step: the job is tried again later, unless the error is Final or the queue says that it
// failed too often; then its owner gets a message. A panic while rendering ends that one job: its stack is logged and
// the worker goes on. Neither prompts nor tokens are logged.
package worker
