// Package queue decides which job is next and which renderer has it: order, fairness, leases with fences, the seal
// before a post, retries, cancels and the event stream. It is an index in Redis; the jobs themselves are in SQL. Redis
// may be wiped at any time: a new epoch starts with an empty queue, and the bot fills it again.
//
// The lane and the cost of a job come from the caller. The queue does not read a Spec or an address.
//
// The bot:
//
//   - calls Epoch. If no epoch has begun, the server has restarted, or the epoch is not that of SQL, it calls
//     BeginEpoch with the next number. Then it calls PutInput and Enqueue for every unfinished job: with MaybePosted
//     for those that were in the queue before, with WasRunning for those that a renderer had, and these first. It also
//     repeats pauses and limits;
//   - calls PutInput and Enqueue for each new job, and Cancel for a person. It shows Snapshot and EstimateTimes, or
//     Counts where numbers are enough;
//   - follows Watch and writes the events into SQL, calls Reap every second or two, and delivers the undelivered
//     results.
//
// A renderer (package worker): Announce from time to time, Reserve, Heartbeat, Seal, then Done, Fail or Release;
// Crashed when the job makes it hang; Reclaim when a new epoch began while it was rendering; Input for input images;
// PutUndelivered for a result that it could not post.
//
// A moderator or operator: Pause, Resume, Pauses, LimitRunning. Check says what is wrong with the server.
//
// Every method may be called again after an error, and gives the same answer. docs/queue.md draws the states of a job,
// the files in lua say what each step does, keys.go lists the keys.
package queue
