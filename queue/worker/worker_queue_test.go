package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"darkroom/queue"
)

// These tests run workers on a real queue, in real time and with a short lease.

// countingPoster counts what is shown for each job.
type countingPoster struct {
	fake
	mu    sync.Mutex
	shown map[string]int
	die   func(queue.Job) bool // true for a renderer that is lost right after the post
}

var errDead = errors.New("dead")

// Post shows a job once more.
func (b *countingPoster) Post(ctx context.Context, j queue.Job, _ Result) (queue.Outcome, error) {
	b.mu.Lock()
	b.shown[j.ID]++
	b.mu.Unlock()
	if b.die != nil && b.die(j) {
		<-ctx.Done()
		return queue.Outcome{}, errDead
	}
	return queue.Outcome{Message: "m" + j.ID, Delivered: "posted"}, nil
}

// FindPosted tells whether the job is shown.
func (b *countingPoster) FindPosted(_ context.Context, j queue.Job) (bool, queue.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shown[j.ID] > 0, queue.Outcome{Message: "m" + j.ID}, nil
}

func newEmbeddedQueue(t *testing.T, o queue.Options) (
	*queue.Queue, context.Context, func(...queue.EventKind) map[string]queue.Event,
) {
	t.Helper()
	q := queue.Embedded(o)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() {
		cancel()
		_ = q.Close()
	})
	if err := q.BeginEpoch(ctx, 1); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	events := make(chan queue.Event, 10_000)
	go func() { _ = q.Watch(ctx, "0-0", func(e queue.Event) error { events <- e; return nil }) }()
	seen := map[string]queue.Event{}
	return q, ctx, func(ends ...queue.EventKind) map[string]queue.Event { // waits for the next end
		mu.Lock()
		defer mu.Unlock()
		for {
			select {
			case e := <-events:
				if slices.Contains(ends, e.Kind) {
					seen[e.Job] = e
					return seen
				}
			case <-time.After(time.Minute):
				t.Fatalf("nothing ended for a minute; so far %v", seen)
			}
		}
	}
}

func goWorker(ctx context.Context, wg *sync.WaitGroup, q Queue, slot string, b *countingPoster) {
	worker := Worker{Queue: q, Renderer: b, Poster: b, Options: Options{
		Slot: slot, Lanes: func() []queue.Lane { return queue.Lanes("a") },
		Lease: time.Second, Heartbeat: 200 * time.Millisecond,
		Grace: 100 * time.Millisecond, Poll: 100 * time.Millisecond,
	}}
	wg.Go(func() { _ = worker.Run(ctx) })
}

func laneJob(i int) queue.Job {
	return queue.Job{ID: fmt.Sprint(i), Lane: "a", Server: "s", User: fmt.Sprint("u", i%3), Cost: 10}
}

func TestTwoWorkersShareAQueue(t *testing.T) {
	t.Parallel()
	q, ctx, next := newEmbeddedQueue(t, queue.Options{Lease: time.Second})
	b := &countingPoster{shown: map[string]int{}}
	b.render = renderReturning(oneImage, nil)
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	goWorker(ctx, &wg, q, "w1", b)
	goWorker(ctx, &wg, q, "w2", b)
	for i := range 20 {
		if _, err := q.Enqueue(ctx, 1, laneJob(i)); err != nil {
			t.Fatal(err)
		}
	}
	for ended := next(queue.JobDone, queue.JobFailed); len(ended) < 20; ended = next(queue.JobDone, queue.JobFailed) {
		continue
	}
	stop()
	wg.Wait()
	for i := range 20 {
		if n := b.shown[fmt.Sprint(i)]; n != 1 {
			t.Errorf("job %d is shown %d times, want once", i, n)
		}
	}
}

// unreachableQueue is a queue that a renderer can no longer reach.
type unreachableQueue struct {
	Queue
	mu  sync.Mutex
	off bool
}

func (u *unreachableQueue) cut() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.off = true
}

func (u *unreachableQueue) isCut() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.off
}

// Heartbeat does not get through.
func (u *unreachableQueue) Heartbeat(
	ctx context.Context, slot string, held []queue.HeldLease,
) ([]queue.Verdict, error) {
	if u.isCut() {
		return nil, errDead
	}
	return u.Queue.Heartbeat(ctx, slot, held)
}

// Reserve does not get through.
func (u *unreachableQueue) Reserve(ctx context.Context, slot, nonce string, o queue.Capacity) ([]queue.Lease, error) {
	if u.isCut() {
		return nil, errDead
	}
	return u.Queue.Reserve(ctx, slot, nonce, o)
}

// If a renderer is lost between its post and Done, another one finds the job posted.
func TestALostPostIsFound(t *testing.T) {
	t.Parallel()
	q, ctx, next := newEmbeddedQueue(t, queue.Options{Lease: time.Second})
	lost := &unreachableQueue{Queue: q}
	b := &countingPoster{shown: map[string]int{}, die: func(queue.Job) bool { lost.cut(); return true }}
	b.render = renderReturning(oneImage, nil)
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	goWorker(ctx, &wg, lost, "w1", b)
	if _, err := q.Enqueue(ctx, 1, laneJob(1)); err != nil {
		t.Fatal(err)
	}
	next(queue.JobSealed)
	goWorker(ctx, &wg, q, "w2", b)
	e := next(queue.JobDone, queue.JobFailed)["1"]
	stop()
	wg.Wait()
	if e.Kind != queue.JobDone || e.Outcome.Delivered != "found" || b.shown["1"] != 1 {
		t.Errorf("ended %+v, shown %d times; want found, once", e, b.shown["1"])
	}
}

func TestCancelReachesTheWorker(t *testing.T) {
	t.Parallel()
	q, ctx, next := newEmbeddedQueue(t, queue.Options{Lease: time.Second})
	var noticed time.Duration
	at := time.Now()
	b := &countingPoster{shown: map[string]int{}}
	b.render = renderUntilCancelled(&noticed, &at)
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	goWorker(ctx, &wg, q, "w1", b)
	if _, err := q.Enqueue(ctx, 1, laneJob(1)); err != nil {
		t.Fatal(err)
	}
	next(queue.JobLeased)
	if got, err := q.Cancel(ctx, "1", "me"); got != queue.CancelStopping || err != nil {
		t.Fatalf("cancel: %q, %v", got, err)
	}
	e := next(queue.JobCancelled, queue.JobDone, queue.JobFailed)["1"]
	stop()
	wg.Wait()
	if e.Kind != queue.JobCancelled || b.shown["1"] != 0 {
		t.Errorf("ended %+v, shown %d times; want it gone and never shown", e, b.shown["1"])
	}
}
