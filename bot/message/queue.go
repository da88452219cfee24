package message

import "fmt"

// Queue says how long the queue is.
func Queue(waiting, running, renderers int) string {
	who := fmt.Sprintf("%d renderers are up", renderers)
	switch renderers {
	case 0:
		who = "no renderer is up"
	case 1:
		who = "1 renderer is up"
	}
	return fmt.Sprintf("**The line:** %d waiting, %d being painted; %s.", waiting, running, who)
}

// ServerQueue says how much of the queue is a server's, or of all direct messages.
func ServerQueue(direct bool, waiting, running int) string {
	where := "This server"
	if direct {
		where = "All direct messages"
	}
	return fmt.Sprintf("**%s:** %d waiting, %d being painted.", where, waiting, running)
}

// What is paused, for Paused.
const (
	PausedEverything = "everything"
	PausedServer     = "this server"
	PausedDirect     = "all direct messages"
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
	NoJobs    = "**Yours:** none."
	JobsTitle = "**Yours:**"
)

// MoreListed says that a list goes on.
func MoreListed(n int) string { return fmt.Sprintf("… and %d more", n) }

// JobLine is one job in that list.
func JobLine(title, status string) string { return "• " + title + " — " + status }

// The states of a job in that list.
const (
	StatusRendering    = "being painted" // how far is heard from the renderer's heartbeats
	StatusPosting      = "being posted"
	StatusUndelivered  = "painted, on its way" // a renderer had it, and the queue has it no more
	StatusNotQueued    = "about to join the line"
	StatusQueueUnknown = "in line"
)

// StatusPercent is the state of a job of which some is painted.
func StatusPercent(percent int) string { return fmt.Sprintf("painting, %d %%", percent) }

// StatusWaiting is the state of a job that waits.
func StatusWaiting(s QueueStatus) string {
	switch {
	case s.Paused:
		return fmt.Sprintf("#%d in line, paused", s.Position)
	case !s.ETA.IsZero():
		return fmt.Sprintf("#%d in line, finished %s", s.Position, RelativeTime(s.ETA))
	}
	return fmt.Sprintf("#%d in line", s.Position)
}
