package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// sightAge is how old the line may be that a newcomer's place is told by. It includes those promised since.
	sightAge = 2 * time.Second
	// sightWithin is how long the queue may take to show it: the person is still unanswered.
	sightWithin = 300 * time.Millisecond
	// foretellMost is up to how many waiting jobs a newcomer's own is foretold. Beyond it the first answer says the place at
	// the worst, and the true one follows.
	foretellMost = 2000
	// sightSmall is up to how many jobs a line is looked at anew whenever one of them was lent or ended: one place is much
	// there, and a look costs little.
	sightSmall = 100
)

// sight is the line as it was seen last.
type sight struct {
	line interface {
		Snapshot(ctx context.Context) (queue.Snapshot, error)
		Renderers(ctx context.Context) ([]queue.Renderer, error)
	}
	now func() time.Time

	mu   sync.Mutex
	seen queue.Snapshot
	up   []queue.Renderer
	at   time.Time
}

func newSight(l Line, now func() time.Time) *sight { return &sight{line: l, now: now} }

// look sees the line anew.
func (s *sight) look(ctx context.Context) (queue.Snapshot, []queue.Renderer, error) {
	seen, err := s.line.Snapshot(ctx)
	if err != nil {
		return seen, nil, err
	}
	up, err := s.line.Renderers(ctx)
	if err != nil {
		return seen, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen, s.up, s.at = seen, up, s.now()
	return seen, up, nil
}

// join adds a job to the line as it is seen, looking again if that was too long ago.
func (s *sight) join(ctx context.Context, j queue.Job) (queue.Snapshot, []queue.Renderer, error) {
	s.mu.Lock()
	old := s.at.IsZero() || s.now().Sub(s.at) > sightAge
	s.mu.Unlock()
	if old {
		ctx, cancel := context.WithTimeout(ctx, sightWithin)
		defer cancel()
		if _, _, err := s.look(ctx); err != nil {
			return queue.Snapshot{}, nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen.Waiting >= foretellMost {
		s.seen.Waiting++
		return s.seen, nil, nil
	}
	s.seen = s.seen.With(j)
	return s.seen, s.up, nil
}

// forget has the next join look again: the line is not what it was.
func (s *sight) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = time.Time{}
}

// moved has the next join look again if the line is a short one: a job of it was lent or ended.
func (s *sight) moved() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen.Jobs) <= sightSmall {
		s.at = time.Time{}
	}
}

// foretell tells where a job will stand that is just being promised. When the queue does not say at once, its place is not
// known.
func (b *Bot) foretell(ctx context.Context, e store.Entry) reply.Standing {
	p, err := b.ledger.Policy(ctx, e.Server)
	if err != nil {
		return reply.Standing{}
	}
	s, up, err := b.sight.join(ctx, job(e, p))
	if errors.Is(err, queue.ErrEpoch) {
		poke(b.owing)
	}
	if err != nil {
		b.sight.forget()
		return reply.Standing{}
	}
	for _, j := range s.Jobs {
		if j.ID == e.ID {
			return b.standing(s, j, queue.Forecast(s, up))
		}
	}
	return reply.Standing{Place: s.Waiting}
}

// standing is what a waiting message says about a job. Times are counted from the moment the line was seen: clocks differ.
func (b *Bot) standing(s queue.Snapshot, j queue.Standing, forecast map[string]queue.Expected) reply.Standing {
	st := reply.Standing{Place: j.Place, Paused: j.Paused}
	if j.Paused {
		st.Reason = pauseReason(s, j)
		return st
	}
	if e, known := forecast[j.ID]; known {
		st.Done = b.o.Now().Add(e.End.Sub(s.At))
	}
	return st
}

// pauseReason is why a job's server, lane or line is paused.
func pauseReason(s queue.Snapshot, j queue.Standing) string {
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
