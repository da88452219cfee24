package delivery

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
)

// rows finds jobs.
type rows map[string]store.Job

func (r rows) Find(_ context.Context, id string) (store.Job, error) {
	row, known := r[id]
	if !known {
		return row, store.ErrNotFound
	}
	return row, nil
}

// strandedTest is a queue with jobs of model aa: one that needs no more, and one with a LoRA.
type strandedTest struct {
	*testing.T
	*strandedJobs
	queue *queue.Queue
	at    time.Time
}

var lora = strings.Repeat("d", 64)

func newStrandedTest(t *testing.T) *strandedTest {
	s := &strandedTest{T: t, at: time.Unix(1_700_000_000, 0), queue: queue.Embedded(queue.Options{})}
	t.Cleanup(func() { _ = s.queue.Close() })
	db := rows{}
	s.strandedJobs = &strandedJobs{
		db: db, queue: s.queue, now: func() time.Time { return s.at }, log: slog.New(slog.DiscardHandler),
		since: map[string]time.Time{},
	}
	if err := s.queue.BeginEpoch(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	spec := picture.Spec{
		Version: 2, Dialect: picture.Diffusers, Notation: picture.NotationA1111, Sampler: "ddim", Steps: 8, Count: 1,
		Model: picture.Ref{Name: "photo", Hash: strings.Repeat("a", 64)}, Width: 64, Height: 64,
	}
	for _, id := range []string{"plain", "ink"} {
		if id == "ink" {
			spec.Addons = []picture.Addon{{Kind: picture.LoRA, Name: "ink", Hash: lora, Strength: 1}}
		}
		j, err := job.New(store.Job{ID: id, Lane: spec.Lane(), Server: "s", User: "u", Cost: 1}, spec, message.Address{})
		if err != nil {
			t.Fatal(err)
		}
		db[id] = j.Job
		if _, err := s.queue.Enqueue(t.Context(), 1, j.ForQueue(store.Policy{})); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// renderer is one that has the model, and these add-ons.
func renderer(addons ...string) queue.Renderer {
	hash := strings.Repeat("a", 64)
	r := queue.Renderer{Slot: "w", Lanes: queue.Lanes(picture.Lanes(hash)...), Models: []queue.Model{{Hash: hash}}}
	for _, a := range addons {
		r.Addons = append(r.Addons, queue.Addon{Hash: a})
	}
	return r
}

// after looks at the queue after a while.
func (s *strandedTest) after(d time.Duration, renderers ...queue.Renderer) {
	s.Helper()
	s.at = s.at.Add(d)
	snapshot, err := s.queue.Snapshot(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	s.end(s.Context(), snapshot, renderers)
}

// wantEnded checks which job has failed, and why; "" for none.
func (s *strandedTest) wantEnded(id, reason string) {
	s.Helper()
	waiting, _, err := s.queue.Counts(s.Context())
	if want := 2; err != nil || id == "" && waiting != want || id != "" && waiting != want-1 {
		s.Fatalf("%d jobs wait, %v", waiting, err)
	}
	if id == "" {
		return
	}
	found := errors.New("found")
	ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
	defer cancel()
	err = s.queue.Watch(ctx, "0-0", func(e queue.Event) error {
		if e.Kind != queue.JobFailed {
			return nil
		}
		if e.Job != id || e.Reason != reason {
			s.Errorf("job %s failed: %s; want %s: %s", e.Job, e.Reason, id, reason)
		}
		return found
	})
	if !errors.Is(err, found) {
		s.Errorf("no job failed: %v", err)
	}
}

func TestAJobWhoseLastRendererLeftEnds(t *testing.T) {
	t.Parallel()
	s := newStrandedTest(t)
	s.after(0, renderer())
	s.after(strandedAfter-time.Second, renderer())
	s.wantEnded("", "")
	s.after(time.Second, renderer())
	s.wantEnded("ink", "no renderer has the LoRA “ink” any more")
}

func TestAJobWaitsForARendererThatComesBack(t *testing.T) {
	t.Parallel()
	s := newStrandedTest(t)
	s.after(0, renderer())
	s.after(strandedAfter-time.Second, renderer(), renderer(lora))
	s.after(time.Second, renderer())
	s.after(strandedAfter-time.Second, renderer())
	s.wantEnded("", "")
}

func TestJobsWaitWhileNoRendererIsOnline(t *testing.T) {
	t.Parallel()
	s := newStrandedTest(t)
	s.after(0)
	s.after(time.Hour)
	s.wantEnded("", "")
}

func TestPausedJobsAreNotGivenUp(t *testing.T) {
	t.Parallel()
	s := newStrandedTest(t)
	if err := s.queue.Pause(t.Context(), queue.Scope{Lane: "2:" + strings.Repeat("a", 64)}, "new disk"); err != nil {
		t.Fatal(err)
	}
	s.after(0, renderer())
	s.after(time.Hour, renderer())
	s.wantEnded("", "")
}

func TestStatusSaysThatNoRendererHasIt(t *testing.T) {
	t.Parallel()
	v := newQueueView(emptyQueue{time.Now}, time.Now) // its renderer serves lane "lane"
	p := &positions{view: v, now: time.Now}
	j := queue.JobStatus{ID: "1-0", Lane: "other", Position: 1}
	if p.status(queue.Snapshot{}, j, nil).Unserved {
		t.Error("unserved before anybody knows who is online")
	}
	if _, _, err := v.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := p.status(queue.Snapshot{}, j, nil); !st.Unserved {
		t.Error("a job that no renderer takes is not called unserved")
	}
	j.Lane = "lane"
	if st := p.status(queue.Snapshot{}, j, nil); st.Unserved {
		t.Error("a job without an estimate is called unserved")
	}
	shown := shownState{position: 1}
	if !shown.outdated(message.QueueStatus{Position: 1, Unserved: true}, time.Now()) {
		t.Error("a message that does not say so is not outdated")
	}
}
