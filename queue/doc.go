// Package queue decides who is served next and who holds what: order, fairness, leases with fences, the seal that
// comes before a post, retries, cancel and the event stream. It is an index in Redis over jobs whose truth is in SQL,
// and may be wiped at any time: a new epoch empties it and the owner of the truth fills it again.
//
// Lane and cost come from the caller. What a Spec or a reply address says is none of its business.
//
// The owner of the truth (the bot):
//
//   - asks Epoch, and if the line is empty or not at its own epoch, calls Begin with the next one; then LendInput and
//     Enqueue for every job it still owes, with Look for those that were leased once;
//   - calls LendInput and Enqueue for each new job, Cancel when a person wants it no more, Position and Snapshot to say
//     how it stands;
//   - follows Watch and writes down what it hears; calls Reap each second or two; empties the tray.
//
// A renderer (package work is one): Announce now and then, Reserve, Beat, Seal, Done or Fail or Release; Input for the
// pictures a job begins with; PutTray for what it could not post itself.
//
// Every method may be called again after an error, and answers the same. docs/line.md draws the states of a job, the
// files in lua say what each step does, keys.go lists the keys.
package queue
