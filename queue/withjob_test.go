package queue_test

import (
	"testing"
	"time"

	"darkroom/queue"
)

func TestWithJobPredictsThePosition(t *testing.T) {
	t.Parallel()
	q := queue.Embedded(queue.Options{})
	t.Cleanup(func() { _ = q.Close() })
	if err := q.BeginEpoch(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	job := func(id, server, user string) queue.Job {
		return queue.Job{ID: id, Lane: "v1:a", Server: server, User: user, Cost: 10_000, Spec: []byte(`{}`),
			Address: []byte(`{}`)}
	}
	for _, id := range []string{"a1", "a2", "a3"} {
		if _, err := q.Enqueue(t.Context(), 1, job(id, "A", "ada")); err != nil {
			t.Fatal(err)
		}
	}
	for name, next := range map[string]queue.Job{"of the same person": job("x1", "A", "ada"),
		"of another server": job("x2", "B", "bob")} {
		before, err := q.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		expected := positionOf(before.WithJobs(next), next.ID)
		if n := len(before.Jobs); n != 3 || before.Waiting != 3 {
			t.Errorf("the snapshot itself has %d jobs now, want 3", n)
		}
		renderers := []queue.Renderer{{Slot: "r", Lanes: queue.Lanes("v1:a")}}
		if e, ok := queue.EstimateTimes(before.WithJobs(next), renderers)[next.ID]; !ok ||
			e.End.Sub(before.At) < 10*time.Second {
			t.Errorf("%s: estimate %v, %v; want an end after its own time", name, e, ok)
		}
		if _, err := q.Enqueue(t.Context(), 1, next); err != nil {
			t.Fatal(err)
		}
		after, err := q.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := positionOf(after, next.ID); got != expected {
			t.Errorf("%s: position %d, expected %d", name, got, expected)
		}
		if _, err := q.Cancel(t.Context(), next.ID, "test"); err != nil {
			t.Fatal(err)
		}
	}
}

func positionOf(s queue.Snapshot, id string) int {
	for _, j := range s.Jobs {
		if j.ID == id {
			return j.Position
		}
	}
	return 0
}
