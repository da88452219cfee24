package delivery

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/store"
)

// endStore holds one waiting job, and notes what was known of its message when its end was written.
type endStore struct {
	Store
	shown      *shownStates
	known, did bool
}

func (s *endStore) Find(context.Context, string) (store.Job, error) {
	return store.Job{ID: "1-0", State: store.Waiting}, nil
}

func (s *endStore) write() (bool, error) {
	_, s.known = s.shown.get("1-0")
	s.did = true
	return true, nil
}

func (s *endStore) Cancel(context.Context, string) (bool, error) { return s.write() }

func (s *endStore) Fail(context.Context, string, string) (bool, error) { return s.write() }

// TestEndedJobIsForgottenOnceItsEndIsWritten: a job that is unknown, and still waits in SQL, would be told its position
// once more, by a look at the queue that is a moment old.
func TestEndedJobIsForgottenOnceItsEndIsWritten(t *testing.T) {
	t.Parallel()
	for _, kind := range []queue.EventKind{queue.JobCancelled, queue.JobFailed} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			shown := newShownStates()
			shown.set("1-0", message.QueueStatus{Position: 1}, time.Unix(1, 0))
			db := &endStore{shown: shown}
			e := &events{
				db: db, endings: &endings{db: db}, shown: shown, view: newQueueView(nil, time.Now),
				log:       slog.New(slog.DiscardHandler),
				positions: &positions{wake: make(chan struct{}, 1)},
			}
			if err := e.apply(t.Context(), queue.Event{Kind: kind, Job: "1-0"}); err != nil {
				t.Fatal(err)
			}
			if _, known := shown.get("1-0"); !db.did || !db.known || known {
				t.Errorf("its message was known when its end was written: %v, and after that: %v", db.known, known)
			}
		})
	}
}
