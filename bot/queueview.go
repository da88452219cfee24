package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// queueViewAge is how old the line may be that a newcomer's place is told by. It includes those promised since.
	queueViewAge = 2 * time.Second
	// queueViewTimeout is how long the queue may take to show it: the person is still unanswered.
	queueViewTimeout = 300 * time.Millisecond
	// maxEstimated is up to how many waiting jobs a newcomer's own is foretold. Beyond it the first answer says the place at
	// the worst, and the true one follows.
	maxEstimated = 2000
	// smallQueue is up to how many jobs a line is looked at anew whenever one of them was lent or ended: one place is much
	// there, and a look costs little.
	smallQueue = 100
)

// sight is the line as it was seen last.
type queueView struct {
	queue interface {
		Snapshot(ctx context.Context) (queue.Snapshot, error)
		Renderers(ctx context.Context) ([]queue.Renderer, error)
	}
	now func() time.Time

	mu        sync.Mutex
	snapshot  queue.Snapshot
	renderers []queue.Renderer
	fetched   time.Time
}

func newQueueView(l Queue, now func() time.Time) *queueView { return &queueView{queue: l, now: now} }

// look sees the line anew.
func (s *queueView) refresh(ctx context.Context) (queue.Snapshot, []queue.Renderer, error) {
	snapshot, err := s.queue.Snapshot(ctx)
	if err != nil {
		return snapshot, nil, err
	}
	renderers, err := s.queue.Renderers(ctx)
	if err != nil {
		return snapshot, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshot, s.renderers, s.fetched = snapshot, renderers, s.now()
	return snapshot, renderers, nil
}

// join adds a job to the line as it is seen, looking again if that was too long ago.
func (s *queueView) add(ctx context.Context, j queue.Job) (queue.Snapshot, []queue.Renderer, error) {
	s.mu.Lock()
	old := s.fetched.IsZero() || s.now().Sub(s.fetched) > queueViewAge
	s.mu.Unlock()
	if old {
		ctx, cancel := context.WithTimeout(ctx, queueViewTimeout)
		defer cancel()
		if _, _, err := s.refresh(ctx); err != nil {
			return queue.Snapshot{}, nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snapshot.Waiting >= maxEstimated {
		s.snapshot.Waiting++
		return s.snapshot, nil, nil
	}
	s.snapshot = s.snapshot.WithJob(j)
	return s.snapshot, s.renderers, nil
}

// forget has the next join look again: the line is not what it was.
func (s *queueView) invalidate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched = time.Time{}
}

// moved has the next join look again if the line is a short one: a job of it was lent or ended.
func (s *queueView) invalidateSmall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.snapshot.Jobs) <= smallQueue {
		s.fetched = time.Time{}
	}
}

// foretell tells where a job will stand that is just being promised. When the queue does not say at once, its place is not
// known.
func (b *Bot) estimate(ctx context.Context, e store.Job) message.QueueStatus {
	p, err := b.db.Policy(ctx, e.Server)
	if err != nil {
		return message.QueueStatus{}
	}
	s, renderers, err := b.queueView.add(ctx, queueJob(e, p))
	if errors.Is(err, queue.ErrEpoch) {
		wake(b.relayWake)
	}
	if err != nil {
		b.queueView.invalidate()
		return message.QueueStatus{}
	}
	for _, j := range s.Jobs {
		if j.ID == e.ID {
			return b.queueStatus(s, j, queue.EstimateTimes(s, renderers))
		}
	}
	return message.QueueStatus{Position: s.Waiting}
}

// standing is what a waiting message says about a job. Times are counted from the moment the line was seen: clocks differ.
func (b *Bot) queueStatus(s queue.Snapshot, j queue.JobStatus, estimates map[string]queue.Estimate) message.QueueStatus {
	st := message.QueueStatus{Position: j.Position, Paused: j.Paused}
	if j.Paused {
		st.Reason = pauseReason(s, j)
		return st
	}
	if e, known := estimates[j.ID]; known {
		st.ETA = b.o.Now().Add(e.End.Sub(s.At))
	}
	return st
}

// pauseReason is why a job's server, lane or line is paused.
func pauseReason(s queue.Snapshot, j queue.JobStatus) string {
	for _, p := range s.Paused {
		switch p.Scope {
		case queue.Scope{}, queue.Scope{Server: j.Server}, queue.Scope{Lane: j.Lane}:
			if p.Reason != "" {
				return p.Reason
			}
		}
	}
	return ""
}
