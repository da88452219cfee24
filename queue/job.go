package queue

import (
	"encoding/json"
	"time"
)

// Job is what was promised to somebody: one message of up to four pictures.
type Job struct {
	ID          string          `json:"id"`                 // interaction snowflake + "-" + ordinal, at most 25 characters
	Lane        string          `json:"lane"`               // which renderers can take it: Spec version and model, as the caller writes it
	Server      string          `json:"server"`             // the account it is charged to; all direct messages share one
	User        string          `json:"user"`               // the account within the server
	Cost        int64           `json:"cost"`               // estimated milliseconds of renderer time
	MaxRunning  int             `json:"max_running"`        // pictures of this user that may be painted at once; 0 is no limit
	Spec        json.RawMessage `json:"spec"`               // a picture.Spec in canonical JSON
	Address     json.RawMessage `json:"reply"`              // where the answer goes; opaque here
	Inputs      []string        `json:"inputs,omitempty"`   // SHA-256 of input pictures, lent through PutInput
	MaybePosted bool            `json:"look,omitempty"`     // it may have been posted already: read the message before painting
	Pictures    int             `json:"pictures,omitempty"` // what it counts against MaxRunning; 0 is 1

	// Weight and ServerWeight are what the user and the server are owed of the time, in percent of an ordinary one; 0 is
	// 100. At 200 a job costs its account half of what it takes.
	Weight       int `json:"weight,omitempty"`
	ServerWeight int `json:"server_weight,omitempty"`

	// Batch says which jobs of a lane can be painted together: those of the same Batch. "" goes with nobody.
	BatchKey string `json:"batch,omitempty"`

	// Held says that a renderer had it when the queue was emptied. In the first Options.Grace of an epoch such a job waits
	// for that renderer to Adopt it.
	WasRunning bool `json:"-"`

	// Crashes is how many renderers crashed with it in earlier epochs.
	Crashes int `json:"-"`
}

// Token proves a lease. It grows with every lease of a pool, so an older holder is told STALE.
type Token struct {
	Epoch int64 `json:"epoch"` // comes from SQL; a wiped or rolled back Redis cannot repeat it
	Fence int64 `json:"fence"`
}

// Lease is a job lent to one renderer until Until.
type Lease struct {
	Job       Job
	Token     Token
	Slot      string    // the renderer's name
	Attempt   int       // 1 at the first lease
	Until     time.Time // local clock; taken before the request was sent, so never later than Redis believes
	Sealed    bool      // its holder had OK from Seal: said by the holder, for Adopt
	Cancelled bool      // a person cancelled it while it waited: look whether it was posted, paint nothing
}

// Verdict is the queue's answer to a leaseholder.
type Verdict string

// The verdicts.
const (
	OK           Verdict = "OK"        // go on
	Cancelled    Verdict = "CANCELLED" // a person cancelled it: stop, post nothing
	Stale        Verdict = "STALE"     // the lease is somebody else's or gone: stop, say nothing
	EpochChanged Verdict = "EPOCH"     // the queue was emptied: wait until it is filled again
)

// Kind names an Event.
type EventKind string

// The kinds of events.
const (
	JobQueued        EventKind = "queued"      // a job waits: idle renderers wake
	JobLeased        EventKind = "leased"      // a renderer took it
	JobProgress      EventKind = "progress"    // Percent moved
	JobSealed        EventKind = "sealed"      // the renderer is about to post
	JobDone          EventKind = "done"        // Outcome holds what was made
	JobFailed        EventKind = "failed"      // for good; Reason says why
	JobCrashed       EventKind = "crashed"     // its renderer was lost; Crashes counts them. Another event of the job follows
	CancelRequested  EventKind = "cancel"      // a person cancelled it; its leaseholder stops within a step
	JobCancelled     EventKind = "cancelled"   // a cancelled job has left the queue
	EpochBegan       EventKind = "epoch"       // the queue was emptied
	PausesChanged    EventKind = "pause"       // something was paused or resumed: see Pauses
	UndeliveredAdded EventKind = "undelivered" // a late picture lies in the tray
)

// Event is one entry of the capped stream.
type Event struct {
	ID      string // stream position, to resume from
	Kind    EventKind
	Job     string
	Percent int
	Crashes int
	Reason  string
	Outcome *Outcome
}

// Outcome rides in Done: what was made, where it is and what it took.
type Outcome struct {
	Channel   string           `json:"channel,omitempty"`
	Message   string           `json:"message,omitempty"` // message id; empty while the pictures wait in the tray
	Delivered string           `json:"delivered"`         // "posted", "tray", "removed" (the message was deleted) or "found" (already posted)
	Files     []File           `json:"files,omitempty"`
	Millis    map[string]int64 `json:"ms,omitempty"` // milliseconds by stage: load, encode, denoise, decode, post
}

// File is one finished tile.
type File struct {
	Name   string `json:"name"`
	Seed   int64  `json:"seed"`
	Width  int    `json:"width"`  // pixels
	Height int    `json:"height"` // pixels
	SHA256 string `json:"sha256"` // of the posted bytes
	PHash  string `json:"phash"`  // perceptual hash, 16 hex digits

	LowMemory bool `json:"short,omitempty"` // memory ran short, and parts of it were painted after one another or joined
}
