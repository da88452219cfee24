package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
)

// maxJobsListed is how many of one's own jobs /queue lists.
const maxJobsListed = 10

// queue tells how long the line is and where one stands in it.
func (h *handler) showQueue(ctx context.Context) error {
	s, up, err := h.queueSnapshot(ctx)
	if err != nil {
		h.log.Warn("the line cannot be read", "error", rest.Redact(err.Error()))
	}
	mine, lerr := h.db.Unfinished(ctx, h.req.Person.ID)
	if lerr != nil {
		return lerr
	}
	var lines []string
	if err != nil {
		lines = append(lines, string(errReconnecting))
	} else {
		server := account(h.req.Place.Guild)
		lines = append(lines, queueText(s, len(up)), serverText(s, server))
		lines = append(lines, pausesText(s, server, up)...)
	}
	lines = append(lines, h.ownJobsText(mine, s, up)...)
	return h.replyPrivately(ctx, message.Message{Content: strings.Join(lines, "\n")})
}

// snapshotTimeout is how long the queue may take to say how the line stands: the person is still unanswered.
const snapshotTimeout = time.Second

// standings asks the queue how the line stands and which renderers are up.
func (h *handler) queueSnapshot(ctx context.Context) (queue.Snapshot, []queue.Renderer, error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	s, err := h.queue.Snapshot(ctx)
	if err != nil {
		return s, nil, err
	}
	up, err := h.queue.Renderers(ctx)
	return s, up, err
}

func queueText(s queue.Snapshot, renderers int) string {
	who := fmt.Sprintf("%d renderers are up", renderers)
	switch renderers {
	case 0:
		who = "no renderer is up"
	case 1:
		who = "1 renderer is up"
	}
	return fmt.Sprintf("**The line:** %d waiting, %d being painted; %s.", s.Waiting, s.Running, who)
}

func serverText(s queue.Snapshot, server string) string {
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
	where := "This server"
	if server == directAccount {
		where = "All direct messages"
	}
	return fmt.Sprintf("**%s:** %d waiting, %d being painted.", where, waiting, running)
}

// pausesText tells what is paused of all that this server has to do with, and why.
func pausesText(s queue.Snapshot, server string, up []queue.Renderer) (lines []string) {
	for _, p := range s.Paused {
		what := ""
		switch p.Scope {
		case queue.Scope{}:
			what = "everything"
		case queue.Scope{Server: server}:
			what = "this server"
			if server == directAccount {
				what = "all direct messages"
			}
		default:
			what = modelName(p.Scope.Lane, up)
		}
		if what == "" {
			continue // another server's, or of a model that nobody has
		}
		line := "**Paused:** " + what
		if p.Reason != "" {
			line += ": " + message.Escape(p.Reason)
		}
		if !slices.Contains(lines, line) { // a model has several lanes
			lines = append(lines, line)
		}
	}
	return lines
}

// modelName is the name of the model that a lane belongs to, "" when no renderer that is up has it.
func modelName(lane string, up []queue.Renderer) string {
	for _, r := range up {
		for _, m := range r.Models {
			if slices.Contains(picture.Lanes(m.Hash), lane) {
				return "the model " + message.Escape(m.Name)
			}
		}
	}
	return ""
}

// ownJobsText lists one's own jobs with where they stand.
func (h *handler) ownJobsText(mine []store.Job, s queue.Snapshot, up []queue.Renderer) []string {
	if len(mine) == 0 {
		return []string{"**Yours:** none."}
	}
	estimates := queue.EstimateTimes(s, up)
	statuses := map[string]queue.JobStatus{}
	for _, j := range s.Jobs {
		statuses[j.ID] = j
	}
	lines := []string{"**Yours:**"}
	for i, e := range mine {
		if i == maxJobsListed {
			return append(lines, fmt.Sprintf("… and %d more", len(mine)-maxJobsListed))
		}
		lines = append(lines, "• "+promptLine(e)+" — "+jobStatusText(e, statuses[e.ID], h.queueStatus(s, statuses[e.ID], estimates), !s.At.IsZero()))
	}
	return lines
}

func jobStatusText(e store.Job, j queue.JobStatus, st message.QueueStatus, known bool) string {
	switch {
	case j.State == queue.StateRendering && j.Percent == 0:
		return "being painted" // how far is heard from the renderer's beats
	case j.State == queue.StateRendering:
		return fmt.Sprintf("painting, %d %%", j.Percent)
	case j.State == queue.StatePosting:
		return "being posted"
	case j.State == "" && known:
		if e.State == store.Running {
			return "painted, on its way" // a renderer had it, and the line has it no more
		}
		return "about to join the line"
	case j.State == "":
		return "in line"
	case st.Paused:
		return fmt.Sprintf("#%d in line, paused", j.Position)
	case !st.ETA.IsZero():
		return fmt.Sprintf("#%d in line, finished %s", j.Position, message.RelativeTime(st.ETA))
	}
	return fmt.Sprintf("#%d in line", j.Position)
}

// promptLine is a job in a list: its words, shortened.
func promptLine(e store.Job) string {
	v, err := decodeJob(e)
	if err != nil {
		return e.ID
	}
	return message.Escape(cut(v.spec.Prompt, 80))
}
