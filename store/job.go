package store

import (
	"encoding/json"
	"time"
)

// State is where a job stands. The last four states are final and never change.
type State string

// The states.
const (
	Accepted  State = "accepted"  // the row exists; Discord may not have taken the bot's answer yet
	Waiting   State = "waiting"   // acknowledged: it will be rendered
	Running   State = "running"   // advisory: a renderer reported a lease
	Done      State = "done"      // rendered and delivered, or known to be undeliverable
	Failed    State = "failed"    // given up; the owner was told
	Cancelled State = "cancelled" // by a person; never posted
	Expired   State = "expired"   // never acknowledged, so never rendered
)

// Terminal reports whether a job in this state is finished for good.
func (s State) Terminal() bool { return s == Done || s == Failed || s == Cancelled || s == Expired }

// Job is one row: a request as it was accepted, and later its result.
type Job struct {
	ID       string // interaction snowflake + "-" + ordinal
	Server   string // guild id, or "dm"
	Channel  string
	User     string
	Parent   string // the job whose button made this one, or empty
	Verb     string // "imagine", "reroll", "vary", "upscale", "zoom", "pan", "remix"
	State    State
	Spec     json.RawMessage // a picture.Spec in canonical JSON
	Address  json.RawMessage // where the answer goes; its token is blanked once the job is final
	Lane     string
	Cost     int64    // estimated milliseconds
	Pictures int      // tiles, which quotas count
	Inputs   []string // SHA-256 of the input images stored for this job
	// PendingInputs says, in the caller's own JSON, which input images must still be copied before the job can be
	// enqueued. It is stored so that a bot that dies between the acknowledgement and the copy can go on.
	// AttachInputs empties it.
	PendingInputs    json.RawMessage
	Spoiler          bool
	Ping             bool            // only for Accept: the owner wants to be pinged when it has ended
	Weight           int             // the user's weight in percent at the time of the request; 0 means 100
	Epoch            int64           // the queue's epoch in which it was last enqueued; 0 means never
	WasLeased        bool            // a renderer had it, so it may have been posted
	PostedSeparately bool            // its images may be in a message of their own: see Delivery
	Message          string          // the message that holds the answer, once known
	Crashes          int             // renderers that were lost while they rendered it
	Outcome          json.RawMessage // a queue outcome, once done
	Reason           string          // why it failed
	Created          time.Time
	Updated          time.Time
}
