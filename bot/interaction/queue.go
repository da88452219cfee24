package interaction

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/job"
	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/store"
)

const (
	// maxJobsListed is how many of the person's own jobs /queue lists.
	maxJobsListed = 10
	// snapshotTimeout is how long the queue may take to answer: the person is still waiting.
	snapshotTimeout = time.Second
)

// snapshots shows the queue.
type snapshots interface {
	Snapshot(ctx context.Context) (queue.Snapshot, error)
	Renderers(ctx context.Context) ([]queue.Renderer, error)
}

// statuses says what a waiting message shows about a job.
type statuses interface {
	Status(s queue.Snapshot, j queue.JobStatus, estimates map[string]queue.Estimate) message.QueueStatus
}

// queueReport is /queue.
type queueReport struct {
	queue    snapshots
	db       unfinished
	delivery statuses
	log      *slog.Logger
}

// show shows how long the queue is, and the positions of the person's own jobs.
func (q *queueReport) show(ctx context.Context, r *responder) error {
	s, up, err := q.snapshot(ctx)
	if err != nil {
		q.log.Warn("the queue cannot be read", "error", rest.Redact(err.Error()))
	}
	mine, lerr := q.db.Unfinished(ctx, r.req.Person.ID)
	if lerr != nil {
		return lerr
	}
	l, lines := r.req.Language, []string(nil)
	if err != nil {
		lines = append(lines, r.req.Language.Text(string(message.ErrReconnecting)))
	} else {
		server := r.account()
		lines = append(lines, message.Queue(l, s.Waiting, s.Running, len(up)), serverLine(l, s, server))
		lines = append(lines, pauseLines(l, s, server, up)...)
	}
	lines = append(lines, q.ownJobs(l, mine, s, up)...)
	return r.say(ctx, strings.Join(lines, "\n"))
}

// snapshot reads the queue and the renderers that are online.
func (q *queueReport) snapshot(ctx context.Context) (queue.Snapshot, []queue.Renderer, error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	s, err := q.queue.Snapshot(ctx)
	if err != nil {
		return s, nil, err
	}
	up, err := q.queue.Renderers(ctx)
	return s, up, err
}

func serverLine(l language.Language, s queue.Snapshot, server string) string {
	waiting, running := 0, 0
	for _, j := range s.Jobs {
		switch {
		case j.Server != server:
		case j.Position > 0:
			waiting++
		default:
			running++
		}
	}
	return message.ServerQueue(l, server == command.DirectAccount, waiting, running)
}

// pauseLines lists the pauses that affect this server, and their reasons.
func pauseLines(
	l language.Language, s queue.Snapshot, server string, up []queue.Renderer,
) (lines []string) {
	for _, p := range s.Paused {
		var what phrase.Phrase
		switch p.Scope {
		case queue.Scope{}:
			what = message.PausedEverything()
		case queue.Scope{Server: server}:
			what = message.PausedServer()
			if server == command.DirectAccount {
				what = message.PausedDirect()
			}
		default:
			what = pausedModel(p.Scope.Lane, up)
		}
		if what.IsZero() {
			continue // another server's, or of a model that no renderer has
		}
		if line := message.Paused(l, what, p.Reason); !slices.Contains(lines, line) { // a model has several lanes
			lines = append(lines, line)
		}
	}
	return lines
}

// pausedModel names the model that a lane belongs to; nothing if no renderer that is online has it.
func pausedModel(lane string, up []queue.Renderer) phrase.Phrase {
	for _, r := range up {
		for _, m := range r.Models {
			if slices.Contains(picture.Lanes(m.Hash), lane) {
				return message.PausedModel(m.Name)
			}
		}
	}
	return phrase.Phrase{}
}

// ownJobs lists the person's own jobs with their states.
func (q *queueReport) ownJobs(
	l language.Language, mine []store.Job, s queue.Snapshot, up []queue.Renderer,
) []string {
	if len(mine) == 0 {
		return []string{message.NoJobs(l)}
	}
	estimates := queue.EstimateTimes(s, up)
	queued := map[string]queue.JobStatus{}
	for _, j := range s.Jobs {
		queued[j.ID] = j
	}
	lines := []string{message.JobsTitle(l)}
	for i, row := range mine {
		if i == maxJobsListed {
			return append(lines, message.MoreListed(l, len(mine)-maxJobsListed))
		}
		j, _ := job.Read(row)
		status := statusText(row.State, queued[row.ID], q.delivery.Status(s, queued[row.ID], estimates), !s.At.IsZero())
		lines = append(lines, message.JobLine(j.Title(), l.Print(status)))
	}
	return lines
}

// statusText is the state of a job. The queue may not know the job; known tells whether the queue answered.
func statusText(state store.State, q queue.JobStatus, st message.QueueStatus, known bool) phrase.Phrase {
	switch {
	case q.State == queue.StateRendering && q.Percent == 0:
		return message.StatusRendering()
	case q.State == queue.StateRendering:
		return message.StatusPercent(q.Percent)
	case q.State == queue.StatePosting:
		return message.StatusPosting()
	case q.State == "" && !known:
		return message.StatusQueueUnknown()
	case q.State == "" && state == store.Running:
		return message.StatusUndelivered()
	case q.State == "":
		return message.StatusNotQueued()
	}
	return message.StatusWaiting(st)
}
