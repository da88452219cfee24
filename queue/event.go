package queue

// EventKind is the kind of an Event.
type EventKind string

// The kinds of events.
const (
	JobQueued        EventKind = "queued"      // a job waits: idle renderers wake
	JobLeased        EventKind = "leased"      // a renderer took it
	JobProgress      EventKind = "progress"    // Percent changed
	JobSealed        EventKind = "sealed"      // the renderer is about to post
	JobDone          EventKind = "done"        // Outcome holds what was made
	JobFailed        EventKind = "failed"      // it will not be tried again; Reason says why
	JobCrashed       EventKind = "crashed"     // its renderer crashed, Crashes times by now; another event follows
	CancelRequested  EventKind = "cancel"      // a person cancelled it; its renderer stops within a step
	JobCancelled     EventKind = "cancelled"   // a cancelled job has left the queue
	EpochBegan       EventKind = "epoch"       // a new epoch began, with an empty queue
	PausesChanged    EventKind = "pause"       // something was paused or resumed: see Pauses
	UndeliveredAdded EventKind = "undelivered" // a result was stored that its renderer could not post
)

// Event is one entry of the event stream, which is trimmed.
type Event struct {
	ID      string // position in the stream, to resume from
	Kind    EventKind
	Job     string
	Percent int
	Crashes int
	Reason  string
	Outcome *Outcome
}
