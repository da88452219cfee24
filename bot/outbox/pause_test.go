package outbox

import (
	"context"
	"slices"
	"testing"

	"darkroom/queue"
	"darkroom/store"
)

// pauseStore has the pauses that another process stored.
type pauseStore struct {
	Store
	pauses []store.Pause
}

func (s *pauseStore) Pauses(context.Context) ([]store.Pause, error) {
	return slices.Clone(s.pauses), nil
}

// pauseQueue has pauses, and counts how often it is asked.
type pauseQueue struct {
	Queue
	paused []queue.Paused
	asked  int
}

func (q *pauseQueue) Pauses(context.Context) ([]queue.Paused, error) {
	q.asked++
	return slices.Clone(q.paused), nil
}

func (q *pauseQueue) Pause(ctx context.Context, s queue.Scope, reason string) error {
	_ = q.Resume(ctx, s)
	q.paused = append(q.paused, queue.Paused{Scope: s, Reason: reason})
	return nil
}

func (q *pauseQueue) Resume(_ context.Context, s queue.Scope) error {
	q.paused = slices.DeleteFunc(q.paused, func(p queue.Paused) bool { return p.Scope == s })
	return nil
}

// TestPausesOfAnotherProcess changes SQL as `darkroom queue pause` does, and expects the queue to follow with the next
// run of the relay rather than with the next audit.
func TestPausesOfAnotherProcess(t *testing.T) {
	t.Parallel()
	db, q := &pauseStore{}, &pauseQueue{}
	p := &pauseSync{db: db, queue: q}
	for _, c := range []struct {
		why  string
		sql  []store.Pause
		want []queue.Paused
		asks bool // the queue is asked, since something may have changed
	}{
		{"the start", nil, nil, true},
		{"nothing new", nil, nil, false},
		{"a pause", []store.Pause{{Kind: "pool", Reason: "night"}}, []queue.Paused{{Reason: "night"}}, true},
		{"nothing new", []store.Pause{{Kind: "pool", Reason: "night"}}, []queue.Paused{{Reason: "night"}}, false},
		{"another reason", []store.Pause{{Kind: "pool", Reason: "fire"}}, []queue.Paused{{Reason: "fire"}}, true},
		{"its end", nil, []queue.Paused{}, true},
	} {
		before := q.asked
		db.pauses = c.sql
		if err := p.syncStale(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(q.paused, c.want) || q.asked > before != c.asks {
			t.Errorf("%s: got %v after asking %d times, want %v", c.why, q.paused, q.asked-before, c.want)
		}
	}
}
