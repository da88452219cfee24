package message

import (
	"darkroom/bot/language"
	"darkroom/render/phrase"
)

// Queue says how long the queue is.
func Queue(l language.Language, waiting, running, renderers int) string {
	online := l.Text("No renderer is online.")
	if renderers > 0 {
		online = l.Count(renderers, "%d renderer is online.", "%d renderers are online.", renderers)
	}
	return l.Sprintf("**Queue:** %d waiting, %d generating. %s", waiting, running, online)
}

// ServerQueue says how much of the queue belongs to a server, or to all direct messages.
func ServerQueue(l language.Language, direct bool, waiting, running int) string {
	if direct {
		return l.Sprintf("**Direct messages:** %d waiting, %d generating.", waiting, running)
	}
	return l.Sprintf("**This server:** %d waiting, %d generating.", waiting, running)
}

// PausedEverything is everything, for Paused.
func PausedEverything() phrase.Phrase { return phrase.Of("**Paused:** everything") }

// PausedServer is the server where somebody asks.
func PausedServer() phrase.Phrase { return phrase.Of("**Paused:** this server") }

// PausedDirect are all direct messages.
func PausedDirect() phrase.Phrase { return phrase.Of("**Paused:** direct messages") }

// PausedModel is a model that is paused.
func PausedModel(name string) phrase.Phrase {
	return phrase.Of("**Paused:** the model %s", Escape(name))
}

// Paused says what is paused, and why if a reason is known.
func Paused(l language.Language, what phrase.Phrase, reason string) string {
	if reason == "" {
		return l.Print(what)
	}
	return l.Sprintf("%s: %s", what, Escape(reason))
}

// NoJobs says that somebody has no open jobs.
func NoJobs(l language.Language) string { return l.Text("**Your requests:** none.") }

// JobsTitle is the title of the list of somebody's own jobs.
func JobsTitle(l language.Language) string { return l.Text("**Your requests:**") }

// MoreListed says that a list goes on.
func MoreListed(l language.Language, n int) string { return l.Sprintf("… and %d more", n) }

// JobLine is one job in that list.
func JobLine(title, status string) string { return "• " + title + " — " + status }

// StatusRendering is the state of a job that is rendered: no heartbeat has told a percentage yet.
func StatusRendering() phrase.Phrase { return phrase.Of("generating") }

// StatusPercent is the state of a job that is partly rendered.
func StatusPercent(percent int) phrase.Phrase { return phrase.Of("generating, %d%%", percent) }

// StatusPosting is the state of a job whose images are being posted.
func StatusPosting() phrase.Phrase { return phrase.Of("being posted") }

// StatusUndelivered is the state of a job that a renderer had, and that the queue no longer holds.
func StatusUndelivered() phrase.Phrase { return phrase.Of("finished, being delivered") }

// StatusNotQueued is the state of a job that the queue does not hold yet.
func StatusNotQueued() phrase.Phrase { return phrase.Of("joining the queue") }

// StatusQueueUnknown is the state of a job while the queue cannot be read.
func StatusQueueUnknown() phrase.Phrase { return phrase.Of("in the queue") }

// StatusWaiting is the state of a job that waits.
func StatusWaiting(s QueueStatus) phrase.Phrase {
	switch {
	case s.Paused:
		return phrase.Of("#%d in the queue, paused", s.Position)
	case s.Unserved:
		return phrase.Of("#%d in the queue, no renderer has its model and add-ons", s.Position)
	case !s.ETA.IsZero():
		return phrase.Of("#%d in the queue, ETA %s", s.Position, RelativeTime(s.ETA))
	}
	return phrase.Of("#%d in the queue", s.Position)
}
