package queue

import (
	"encoding/json"
	"time"
)

// Job is a request that was accepted: one message of up to four images.
type Job struct {
	ID          string          `json:"id"`                 // interaction snowflake + "-" + ordinal, at most 25 characters
	Lane        string          `json:"lane"`               // which renderers can take it: see baseLane
	Server      string          `json:"server"`             // the account that pays; all direct messages share one
	User        string          `json:"user"`               // the account within the server
	Cost        int64           `json:"cost"`               // estimated milliseconds of renderer time
	MaxRunning  int             `json:"max_running"`        // limit of this user's running images; 0 is no limit
	Spec        json.RawMessage `json:"spec"`               // a picture.Spec in canonical JSON
	Address     json.RawMessage `json:"reply"`              // where the answer goes; the queue does not read it
	Inputs      []string        `json:"inputs,omitempty"`   // SHA-256 of input images, stored by PutInput
	MaybePosted bool            `json:"look,omitempty"`     // it may have been posted: check the message before rendering
	Pictures    int             `json:"pictures,omitempty"` // what it counts against MaxRunning; 0 is 1

	// Weight and ServerWeight are the shares of the user and the server, in percent of an ordinary one; 0 is 100. At 200 a
	// job costs its account half of what it takes.
	Weight       int `json:"weight,omitempty"`
	ServerWeight int `json:"server_weight,omitempty"`

	// Needs are SHA-256 of what a renderer must have beside what the Lane's first two parts name. Jobs of one lane have
	// the same needs, and the third part of the lane stands for them.
	Needs []string `json:"needs,omitempty"`

	// BatchKey says which jobs of a lane can be rendered together: those with the same key. A job with "" is rendered
	// alone.
	BatchKey string `json:"batch,omitempty"`

	// WasRunning says that a renderer had the job before the new epoch. In the first Options.ReclaimGrace of the epoch the
	// job waits for that renderer to Reclaim it.
	WasRunning bool `json:"-"`

	// Crashes is how many renderers crashed with it in earlier epochs.
	Crashes int `json:"-"`
}

// Token proves a lease. It grows with every lease of a pool, so an older holder gets Stale.
type Token struct {
	Epoch int64 `json:"epoch"` // comes from SQL, so a wiped or restored Redis cannot repeat it
	Fence int64 `json:"fence"`
}

// Lease is a job that one renderer has until Until.
type Lease struct {
	Job       Job
	Token     Token
	Slot      string    // the renderer's name
	Attempt   int       // 1 at the first lease
	Until     time.Time // local clock; taken before the request was sent, so never later than Redis's end
	Sealed    bool      // its holder got OK from Seal; the holder sets it, for Reclaim
	Cancelled bool      // a person cancelled it while it waited: check its message, render nothing
}

// Verdict is the queue's answer to the holder of a lease.
type Verdict string

// The verdicts.
const (
	OK           Verdict = "OK"        // go on
	Cancelled    Verdict = "CANCELLED" // a person cancelled it: stop, post nothing
	Stale        Verdict = "STALE"     // another renderer has the lease, or it is gone: stop, report nothing
	EpochChanged Verdict = "EPOCH"     // the pool is at another epoch: Reclaim it there
)

// Outcome is reported by Done: what was made, where it is and what it took. Delivered is one of the words that bot/rest
// names: "posted"; DeliveredLater, for an undelivered result; "removed" if the message was deleted; "found" if the
// message already had the result.
type Outcome struct {
	Channel   string           `json:"channel,omitempty"`
	Message   string           `json:"message,omitempty"` // message id; empty while the images are undelivered
	Delivered string           `json:"delivered"`
	Files     []File           `json:"files,omitempty"`
	Millis    map[string]int64 `json:"ms,omitempty"` // milliseconds by stage: load, encode, denoise, decode, post
}

// File is one finished image.
type File struct {
	Name   string `json:"name"`
	Seed   int64  `json:"seed"`
	Width  int    `json:"width"`  // pixels
	Height int    `json:"height"` // pixels
	SHA256 string `json:"sha256"` // of the posted bytes
	PHash  string `json:"phash"`  // perceptual hash, 16 hex digits

	LowMemory bool     `json:"short,omitempty"` // memory ran short, so parts of it were rendered one after another
	Notes     []string `json:"notes,omitempty"` // a sentence each, for the person who asked; those of a job are with its first

	// Of a file in another format, because a PNG would have been too large: its size, and what was allowed.
	PNGBytes int64 `json:"png_bytes,omitempty"` // about
	Limit    int64 `json:"limit,omitempty"`     // bytes
	Quality  int   `json:"quality,omitempty"`   // of a JPEG; 0 for a lossless file
	Shrunk   bool  `json:"shrunk,omitempty"`    // no JPEG fitted, so it has fewer pixels than were made
}
