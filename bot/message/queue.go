package message

import "fmt"

// Queue says how long the queue is.
func Queue(waiting, running, renderers int) string {
	online := fmt.Sprintf("%d renderers are online", renderers)
	switch renderers {
	case 0:
		online = "No renderer is online"
	case 1:
		online = "1 renderer is online"
	}
	return fmt.Sprintf("**Queue:** %d waiting, %d generating. %s.", waiting, running, online)
}

// ServerQueue says how much of the queue belongs to a server, or to all direct messages.
func ServerQueue(direct bool, waiting, running int) string {
	where := "This server"
	if direct {
		where = "Direct messages"
	}
	return fmt.Sprintf("**%s:** %d waiting, %d generating.", where, waiting, running)
}

// What is paused, for Paused.
const (
	PausedEverything = "everything"
	PausedServer     = "this server"
	PausedDirect     = "direct messages"
)

// PausedModel is the name of a model that is paused.
func PausedModel(name string) string { return "the model " + Escape(name) }

// Paused says what is paused, and why if a reason is known.
func Paused(what, reason string) string {
	line := "**Paused:** " + what
	if reason != "" {
		line += ": " + Escape(reason)
	}
	return line
}

// The list of somebody's own jobs.
const (
	NoJobs    = "**Your requests:** none."
	JobsTitle = "**Your requests:**"
)

// MoreListed says that a list goes on.
func MoreListed(n int) string { return fmt.Sprintf("… and %d more", n) }

// JobLine is one job in that list.
func JobLine(title, status string) string { return "• " + title + " — " + status }

// The states of a job in that list.
const (
	StatusRendering    = "generating" // no heartbeat has told a percentage yet
	StatusPosting      = "being posted"
	StatusUndelivered  = "finished, being delivered" // a renderer had it, and the queue no longer holds it
	StatusNotQueued    = "joining the queue"
	StatusQueueUnknown = "in the queue"
)

// StatusPercent is the state of a job that is partly rendered.
func StatusPercent(percent int) string { return fmt.Sprintf("generating, %d%%", percent) }

// StatusWaiting is the state of a job that waits.
func StatusWaiting(s QueueStatus) string {
	text := s.positionText()
	switch {
	case s.Paused:
		text += ", paused"
	case s.Unserved:
		text += ", no renderer has its model and add-ons"
	case !s.ETA.IsZero():
		text += s.etaText()
	}
	return text
}

// positionText is a position as people read it.
func (s QueueStatus) positionText() string { return fmt.Sprintf("#%d in the queue", s.Position) }

// etaText goes behind a position.
func (s QueueStatus) etaText() string { return ", ETA " + RelativeTime(s.ETA) }
