// Package delivery keeps every message of a job true.
//
// The queue's events tell what becomes of jobs; they are written into SQL (events.go). The message of a waiting job
// shows its position and ETA, and one loop edits it when they change (positions.go); what each message shows is
// remembered (shown.go), and the queue is read every two seconds at most (view.go). The renderer posts the
// images. If it could not, because the interaction's token was too old or the place did not take them, it leaves them
// as undelivered results and the bot delivers them (late.go): into the waiting message (waiting.go), else as a new
// message in the channel, else in direct messages, else into the inbox. A new message must appear once, also when the
// bot dies while it posts (post.go). Images that are lost are offered to be rendered again (reoffer.go), and who asked
// for a job that failed is told in the same ways (apology.go). What fails is tried again less often each time, apart
// from all others (attempts.go).
//
// A message that could not be corrected is put on a retry list (corrections.go). At the start the bot repairs
// messages that an earlier life left unfinished (repair.go). A job whose acknowledgement was never noted is looked
// for on Discord: if its message is there the job goes on, else it expires (unacknowledged.go).
package delivery
