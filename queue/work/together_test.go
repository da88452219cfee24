package work

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"darkroom/queue"
)

// These tests run benches on a real queue, in real time and with a short lease.

// board is a poster that counts what is shown for each job.
type board struct {
	bureau
	mu    sync.Mutex
	shown map[string]int
	die   func(queue.Job) bool // true plays a renderer that is lost right after the post
}

var errDead = errors.New("dead")

// Post shows a job once more.
func (b *board) Post(ctx context.Context, j queue.Job, _ Made) (queue.Outcome, error) {
	b.mu.Lock()
	b.shown[j.ID]++
	b.mu.Unlock()
	if b.die != nil && b.die(j) {
		<-ctx.Done()
		return queue.Outcome{}, errDead
	}
	return queue.Outcome{Message: "m" + j.ID, Delivered: "posted"}, nil
}

// Look tells whether the job is shown.
func (b *board) Look(_ context.Context, j queue.Job) (bool, queue.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shown[j.ID] > 0, queue.Outcome{Message: "m" + j.ID}, nil
}

func together(t *testing.T, o queue.Options) (*queue.Queue, context.Context, func(...queue.Kind) map[string]queue.Event) {
	t.Helper()
	q := queue.Embedded(o)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() {
		cancel()
		_ = q.Close()
	})
	if err := q.Begin(ctx, 1); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	news := make(chan queue.Event, 10_000)
	go func() { _ = q.Watch(ctx, "0-0", func(e queue.Event) error { news <- e; return nil }) }()
	seen := map[string]queue.Event{}
	return q, ctx, func(ends ...queue.Kind) map[string]queue.Event { // waits for the next end
		mu.Lock()
		defer mu.Unlock()
		for {
			select {
			case e := <-news:
				for _, k := range ends {
					if e.Kind == k {
						seen[e.Job] = e
						return seen
					}
				}
			case <-time.After(time.Minute):
				t.Fatalf("nothing ended for a minute; so far %v", seen)
			}
		}
	}
}

func start(ctx context.Context, wg *sync.WaitGroup, q Jobs, slot string, b *board) {
	bench := Bench{Queue: q, Paint: b, Post: b, Options: Options{
		Slot: slot, Lanes: func() []queue.Lane { return queue.Lanes("a") }, Lease: time.Second, Beat: 200 * time.Millisecond,
		Grace: 100 * time.Millisecond, Poll: 100 * time.Millisecond,
	}}
	wg.Go(func() { _ = bench.Run(ctx) })
}

func laneJob(i int) queue.Job {
	return queue.Job{ID: fmt.Sprint(i), Lane: "a", Server: "s", User: fmt.Sprint("u", i%3), Cost: 10}
}

func TestTwoBenchesShareALine(t *testing.T) {
	t.Parallel()
	q, ctx, next := together(t, queue.Options{Lease: time.Second})
	b := &board{shown: map[string]int{}}
	b.paint = painted(onePicture, nil)
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	start(ctx, &wg, q, "w1", b)
	start(ctx, &wg, q, "w2", b)
	for i := range 20 {
		if _, err := q.Enqueue(ctx, 1, laneJob(i)); err != nil {
			t.Fatal(err)
		}
	}
	for ended := next(queue.Done, queue.Failed); len(ended) < 20; ended = next(queue.Done, queue.Failed) {
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

// unplugged is a queue that a renderer can no longer reach.
type unplugged struct {
	Jobs
	mu  sync.Mutex
	off bool
}

func (u *unplugged) cut() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.off = true
}

func (u *unplugged) dead() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.off
}

// Beat does not get through.
func (u *unplugged) Beat(ctx context.Context, slot string, held []queue.Held) ([]queue.Verdict, error) {
	if u.dead() {
		return nil, errDead
	}
	return u.Jobs.Beat(ctx, slot, held)
}

// Reserve does not get through.
func (u *unplugged) Reserve(ctx context.Context, slot, nonce string, o queue.Offer) ([]queue.Lease, error) {
	if u.dead() {
		return nil, errDead
	}
	return u.Jobs.Reserve(ctx, slot, nonce, o)
}

// A renderer that is lost between its post and Done leaves a job that another finds posted.
func TestALostPostIsFound(t *testing.T) {
	t.Parallel()
	q, ctx, next := together(t, queue.Options{Lease: time.Second})
	lost := &unplugged{Jobs: q}
	b := &board{shown: map[string]int{}, die: func(queue.Job) bool { lost.cut(); return true }}
	b.paint = painted(onePicture, nil)
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	start(ctx, &wg, lost, "w1", b)
	if _, err := q.Enqueue(ctx, 1, laneJob(1)); err != nil {
		t.Fatal(err)
	}
	next(queue.Sealed)
	start(ctx, &wg, q, "w2", b)
	e := next(queue.Done, queue.Failed)["1"]
	stop()
	wg.Wait()
	if e.Kind != queue.Done || e.Outcome.Delivered != "found" || b.shown["1"] != 1 {
		t.Errorf("ended %+v, shown %d times; want found, once", e, b.shown["1"])
	}
}

func TestACancelReachesABenchThroughTheQueue(t *testing.T) {
	t.Parallel()
	q, ctx, next := together(t, queue.Options{Lease: time.Second})
	var noticed time.Duration
	at := time.Now()
	b := &board{shown: map[string]int{}}
	b.paint = stubborn(&noticed, &at)
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	start(ctx, &wg, q, "w1", b)
	if _, err := q.Enqueue(ctx, 1, laneJob(1)); err != nil {
		t.Fatal(err)
	}
	next(queue.Leased)
	if got, err := q.Cancel(ctx, "1", "me"); got != queue.Stopping || err != nil {
		t.Fatalf("cancel: %q, %v", got, err)
	}
	e := next(queue.Gone, queue.Done, queue.Failed)["1"]
	stop()
	wg.Wait()
	if e.Kind != queue.Gone || b.shown["1"] != 0 {
		t.Errorf("ended %+v, shown %d times; want it gone and never shown", e, b.shown["1"])
	}
}
