// Package queue decides who is served next and who holds what: order, fairness, leases with fences, the seal that
// comes before a post, retries, cancel and the event stream. It is an index in Redis over jobs whose truth is in SQL,
// and may be wiped at any time: a new epoch empties it and the owner of the truth fills it again.
//
// Lane and cost come from the caller. What a Spec or a reply address says is none of its business.
//
// The owner of the truth (the bot):
//
//   - asks Epoch, and if the line is empty or not at its own epoch, calls Begin with the next one; then PutInput and
//     Enqueue for every job it still owes, with Look for those that were in line before, Held for those a renderer had, and
//     those first; and says again what is paused and limited;
//   - calls PutInput and Enqueue for each new job, Cancel when a person wants it no more; Snapshot and Forecast to say how
//     each stands, Counts where numbers are enough;
//   - follows Watch and writes down what it hears; calls Reap each second or two; empties the tray.
//
// A renderer (package work is one): Announce now and then, Reserve, Beat, Seal, Done or Fail or Release, or Crashed when
// the job brings it down; Adopt when a new epoch was begun while it painted; Input for the pictures a job begins with;
// PutUndelivered for what it could not post itself.
//
// A moderator or operator: Pause, Resume, Pauses, LimitRunning; Check says what is wrong with the server.
//
// Every method may be called again after an error, and answers the same. docs/line.md draws the states of a job, the
// files in lua say what each step does, keys.go lists the keys.
package queue
