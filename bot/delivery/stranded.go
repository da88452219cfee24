package delivery

import (
	"context"
	"log/slog"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/picture"
)

// strandedAfter is how long jobs wait for a renderer that has all that they name, while others are online. It is long
// enough to restart a machine, and for a model folder to be put right.
const strandedAfter = 10 * time.Minute

// givesUp ends jobs that no renderer can take.
type givesUp interface {
	GiveUp(ctx context.Context, id, reason string) (bool, error)
}

// strandedJobs ends jobs that wait for a model or an add-on that no renderer has any more. While no renderer is online
// at all, jobs wait: nobody knows what the next one has. So do paused jobs: somebody is at it.
type strandedJobs struct {
	db    finder
	queue givesUp
	now   func() time.Time
	log   *slog.Logger
	since map[string]time.Time // by lane: since when no renderer takes it
}

// end ends the jobs of a snapshot that have been stranded for too long. The queue tells of their ends by events, as of
// every other.
func (s *strandedJobs) end(ctx context.Context, snapshot queue.Snapshot, renderers []queue.Renderer) {
	stranded := map[string]bool{}
	if len(renderers) > 0 {
		can := queue.AbilitiesOf(renderers)
		for _, j := range snapshot.Jobs {
			if j.Position > 0 && !j.Paused && !can.CanTake(j) {
				stranded[j.Lane] = true
			}
		}
	}
	for lane := range s.since {
		if !stranded[lane] {
			delete(s.since, lane)
		}
	}
	for lane := range stranded {
		if _, known := s.since[lane]; !known {
			s.since[lane] = s.now()
		}
	}
	for _, j := range snapshot.Jobs {
		if since, waits := s.since[j.Lane]; waits && j.Position > 0 && !j.Paused && s.now().Sub(since) >= strandedAfter {
			s.giveUp(ctx, j.ID, renderers)
		}
	}
}

// giveUp ends a job, unless a renderer has taken it meanwhile.
func (s *strandedJobs) giveUp(ctx context.Context, id string, renderers []queue.Renderer) {
	row, err := s.db.Find(ctx, id)
	if err != nil || row.State.Terminal() {
		return // another bot's, or the outbox takes it out
	}
	j, _ := job.Read(row) // one that cannot be read has a model without a name
	parts := j.Spec.Parts()
	reason := message.ReasonUnserved(picture.Without(parts, hashesOf(renderers)), parts)
	if _, err := s.queue.GiveUp(ctx, id, reason); err != nil {
		s.log.Warn("a job that no renderer can take was not ended", "job", id, "error", rest.Redact(err.Error()))
	}
}

// hashesOf lists everything that renderers have.
func hashesOf(renderers []queue.Renderer) (hashes []string) {
	for _, r := range renderers {
		for _, m := range r.Models {
			hashes = append(hashes, m.Hash)
		}
		for _, a := range r.Addons {
			hashes = append(hashes, a.Hash)
		}
		hashes = append(hashes, r.Parts...)
	}
	return hashes
}
