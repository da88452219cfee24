package store

import (
	"encoding/json"
	"time"
)

// State is where a job stands. The last four are terminal and never change.
type State string

// The states.
const (
	Accepted  State = "accepted"  // the row exists; the interaction may not have been acknowledged yet
	Waiting   State = "waiting"   // acknowledged: it will be painted
	Running   State = "running"   // advisory: a renderer reported a lease
	Done      State = "done"      // painted and delivered, or known to be undeliverable
	Failed    State = "failed"    // given up, the owner was told
	Cancelled State = "cancelled" // by a person; never posted
	Expired   State = "expired"   // never acknowledged, so never painted
)

// Terminal tells whether a job in this state is finished for good.
func (s State) Terminal() bool { return s == Done || s == Failed || s == Cancelled || s == Expired }

// Entry is one job: a request as it was accepted, and later what became of it.
type Job struct {
	ID       string // interaction snowflake + "-" + ordinal
	Server   string // guild id, or "dm"
	Channel  string
	User     string
	Parent   string // the job whose button made this one, or empty
	Verb     string // "imagine", "reroll", "vary", "upscale", "zoom", "pan", "remix"
	State    State
	Spec     json.RawMessage // a picture.Spec in canonical JSON
	Address  json.RawMessage // where the answer goes; its token is blanked once the job is terminal
	Lane     string
	Cost     int64    // estimated milliseconds
	Pictures int      // tiles, what quotas count
	Inputs   []string // SHA-256 of input pictures held for this job
	// Pending says, in the caller's own JSON, which input pictures must still be copied before the job can be enqueued.
	// It is kept so that a bot that dies between the acknowledgement and the copy can go on; Attach empties it.
	PendingInputs    json.RawMessage
	Spoiler          bool
	Weight           int             // the asker's weight in percent when they asked; 0 is 100
	Epoch            int64           // the queue's epoch it was last enqueued in; 0 is never
	WasLeased        bool            // a renderer had it once: enqueue it again only with Look
	PostedSeparately bool            // its pictures may stand in a message of their own: see Delivery
	Message          string          // the message that holds the answer, once known
	Crashes          int             // renderers that were lost while they rendered it
	Outcome          json.RawMessage // a queue outcome, once done
	Reason           string          // why it failed
	Created          time.Time
	Updated          time.Time
}

// Policy is what a server's moderators decided. Zero numbers mean "no limit of the server's own".
type Policy struct {
	WaitingPerUser int // pictures waiting
	RunningPerUser int // pictures being painted
	PerUserDay     int // pictures a user may ask for in 24 hours
	MaxPixels      int // width x height
	MaxSteps       int
	MaxCount       int // tiles in one message
	Paused         bool
	PauseReason    string
}

// Usage is what a user has in hand at the moment of judgement.
type Usage struct {
	Waiting int // pictures accepted or waiting
	Running int // pictures being painted
	Day     int // pictures asked for in the last 24 hours, cancelled and failed ones not counted
}
