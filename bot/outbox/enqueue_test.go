package outbox

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

// fakeStore is a database with one epoch.
type fakeStore struct {
	Store
	failed map[string]string // reasons, by job
	marked []string
}

func (f *fakeStore) CurrentEpoch(context.Context, string) (int64, error) { return 1, nil }

func (f *fakeStore) MarkEnqueued(_ context.Context, id string, _ int64) (bool, error) {
	f.marked = append(f.marked, id)
	return true, nil
}

func (f *fakeStore) Fail(ctx context.Context, id, reason string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	f.failed[id] = reason
	return true, nil
}

// fakeQueue takes every job, or answers with an error.
type fakeQueue struct {
	Queue
	err  error
	jobs []queue.Job
}

func (f *fakeQueue) Enqueue(_ context.Context, _ int64, j queue.Job) (queue.EnqueueResult, error) {
	f.jobs = append(f.jobs, j)
	return queue.EnqueueResult{}, f.err
}

type fakeFetcher struct{ err error }

func (f fakeFetcher) Fetch(context.Context, string, int64) ([]byte, error) { return nil, f.err }

func newTestOutbox(fetch error) (*Outbox, *fakeStore, *fakeQueue) {
	db, q := &fakeStore{failed: map[string]string{}}, &fakeQueue{}
	now := func() time.Time { return time.Unix(1_700_000_000, 0) }
	return New(Options{
		Store: db, Queue: q, Fetcher: fakeFetcher{fetch}, Failed: func(job.Job, string) {}, Enqueued: func() {}, Now: now,
		Log: slog.New(slog.DiscardHandler),
	}), db, q
}

// fresh is a job that was just accepted and whose start image must still be copied.
func fresh(o *Outbox) job.Job {
	return job.Job{
		Job: store.Job{ID: "1-0", PendingInputs: []byte(`{"file":{"URL":"x"},"strength":0.5}`), Created: o.opts.Now()},
	}
}

func TestEnqueueUsesThePolicyThatAcceptedTheJob(t *testing.T) {
	t.Parallel()
	o, db, q := newTestOutbox(nil) // its store panics when it is asked for a policy
	if _, err := o.Enqueue(t.Context(), job.Job{Job: store.Job{ID: "1-0"}}, store.Policy{RunningPerUser: 3}); err != nil {
		t.Fatal(err)
	}
	if len(q.jobs) != 1 || q.jobs[0].MaxRunning != 3 || len(db.marked) != 1 {
		t.Errorf("got %+v, marked %q, want one job with the policy's limit", q.jobs, db.marked)
	}
}

func TestNewcomersWaitBehindAFullQueue(t *testing.T) {
	t.Parallel()
	o, _, q := newTestOutbox(nil)
	q.err = queue.ErrFull
	for _, want := range []error{queue.ErrFull, errBacklog} {
		if _, err := o.Enqueue(t.Context(), job.Job{Job: store.Job{ID: "1-0"}}, store.Policy{}); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if len(q.jobs) != 1 {
		t.Errorf("enqueued %d times, want the second to wait", len(q.jobs))
	}
}

func TestStartPictureIsTriedAgainUnlessItNeverComes(t *testing.T) {
	t.Parallel()
	t.Run("Discord does not answer", func(t *testing.T) {
		t.Parallel()
		o, db, _ := newTestOutbox(errors.New("HTTP 503"))
		if _, err := o.Enqueue(t.Context(), fresh(o), store.Policy{}); err == nil || len(db.failed) > 0 {
			t.Errorf("got %v, failed %v, want it left to the relay", err, db.failed)
		}
	})
	t.Run("it is not there", func(t *testing.T) {
		t.Parallel()
		o, db, _ := newTestOutbox(&rest.FetchError{Why: message.ReasonInputRefused(404)})
		if _, err := o.Enqueue(t.Context(), fresh(o), store.Policy{}); err != nil ||
			db.failed["1-0"] != message.ReasonInputRefused(404) {
			t.Errorf("got %v, failed %v, want it given up with the reason", err, db.failed)
		}
	})
	t.Run("Discord has not answered for long", func(t *testing.T) {
		t.Parallel()
		o, db, _ := newTestOutbox(errors.New("HTTP 503"))
		j := fresh(o)
		j.Created = j.Created.Add(-copyTimeout - time.Second)
		_, err := o.Enqueue(t.Context(), j, store.Policy{})
		if err != nil || db.failed["1-0"] != message.ReasonInputNotFetched {
			t.Errorf("got %v, failed %v, want it given up", err, db.failed)
		}
	})
}
