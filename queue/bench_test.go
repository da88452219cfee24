package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// The benchmarks compare, in one run and on one server, what docs/benchmarks.md records. The server writes its
// append-only file each second, as in production.

// stopwatch is a client hook that measures how long each script takes, round trip included.
type stopwatch struct {
	mu   sync.Mutex
	took []time.Duration
}

// DialHook changes nothing.
func (s *stopwatch) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return next(ctx, network, address)
	}
}

// ProcessPipelineHook changes nothing.
func (s *stopwatch) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook measures scripts.
func (s *stopwatch) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		begun := time.Now()
		err := next(ctx, cmd)
		if strings.HasPrefix(cmd.Name(), "eval") {
			s.note(time.Since(begun))
		}
		return err
	}
}

func (s *stopwatch) note(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, d)
}

// at returns a quantile in milliseconds.
func (s *stopwatch) at(quantile float64) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.took) == 0 {
		return 0
	}
	slices.Sort(s.took)
	return float64(s.took[int(quantile*float64(len(s.took)-1))]) / 1e6
}

// kilobyteJob is a job of a realistic size, for one of several models.
func kilobyteJob(i, servers, models int) Job {
	spec, _ := json.Marshal(strings.Repeat("a harbour at dawn, ", 50)) // a string is always JSON
	j := job(fmt.Sprintf("j-%d", i), fmt.Sprint("server ", i%servers), fmt.Sprint("user ", i/servers%20))
	j.Lane, j.Spec, j.MaxRunning, j.Pictures = fmt.Sprint("lane ", i/servers%models), spec, 4, 1
	return j
}

// benchQueue is a queue on the shared server with a backlog of 0…n-1 over several servers.
type benchQueue struct {
	*Queue
	servers, models int
	next            int
}

// capacity takes jobs for every model.
func (r *benchQueue) capacity() Capacity {
	var o Capacity
	for i := range r.models {
		o.Lanes = append(o.Lanes, Lane{Name: fmt.Sprint("lane ", i)})
	}
	return o
}

func newBenchQueue(b *testing.B, backlog, servers, models int) *benchQueue {
	b.Helper()
	q, err := Dial(sharedServer.url(b), Options{Pool: fmt.Sprint("bench ", pools.Add(1))})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { // leave the server as it was
		_ = q.BeginEpoch(context.Background(), 2)
		_ = q.Close()
	})
	if err := q.db.ConfigSet(b.Context(), "appendonly", "yes").Err(); err != nil {
		b.Fatal(err)
	}
	if err := q.BeginEpoch(b.Context(), 1); err != nil {
		b.Fatal(err)
	}
	r := &benchQueue{Queue: q, servers: servers, models: models, next: backlog}
	inParallel(16, backlog, func(i int) { r.enqueue(b, i) })
	return r
}

func (r *benchQueue) enqueue(b *testing.B, i int) {
	if _, err := r.Enqueue(b.Context(), 1, kilobyteJob(i, r.servers, r.models)); err != nil {
		b.Error(err)
	}
}

// cycle takes a job from enqueue to done, for a slot that has no other job.
func (r *benchQueue) cycle(b *testing.B, slot string, i int, seal bool) {
	r.enqueue(b, i)
	l, err := r.Reserve(b.Context(), slot, fmt.Sprint("n", i), r.capacity())
	if err != nil || len(l) != 1 {
		b.Errorf("reserved %d jobs, error %v; want one", len(l), err)
		return
	}
	if seal {
		if v, err := r.Seal(b.Context(), l[0]); v != OK || err != nil {
			b.Errorf("seal: %v, %v", v, err)
		}
	}
	if v, err := r.Done(b.Context(), l[0], 1000, Outcome{Delivered: "posted"}); v != OK || err != nil {
		b.Errorf("done: %v, %v", v, err)
	}
}

// inParallel divides 0…n-1 among several workers.
func inParallel(workers, n int, do func(i int)) {
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	wg.Wait()
}

func BenchmarkCycle(b *testing.B) {
	for name, open := range backends {
		b.Run(name, func(b *testing.B) {
			q := open(b, Options{Pool: fmt.Sprint("bench ", pools.Add(1))})
			b.Cleanup(func() { _ = q.Close() })
			if err := q.BeginEpoch(b.Context(), 1); err != nil {
				b.Fatal(err)
			}
			ctx := context.Background()
			for i := range 200 { // a backlog, so that the choice is real
				j := job(fmt.Sprint("old-", i), fmt.Sprint("s", i%20), fmt.Sprint("u", i%60))
				if _, err := q.Enqueue(ctx, 1, j); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for i := range b.N {
				cycle(b, q, i)
			}
		})
	}
}

func cycle(b *testing.B, q *Queue, i int) {
	ctx := b.Context()
	_, err := q.Enqueue(ctx, 1, job(fmt.Sprint("new-", i), fmt.Sprint("s", i%20), fmt.Sprint("u", i%60)))
	if err != nil {
		b.Fatal(err)
	}
	l, err := q.Reserve(ctx, "w", fmt.Sprint(i), Capacity{Lanes: Lanes("a")})
	if err != nil || len(l) != 1 {
		b.Fatal(len(l), err)
	}
	_, err = q.Seal(ctx, l[0])
	if err == nil {
		_, err = q.Done(ctx, l[0], 1000, Outcome{})
	}
	if err != nil {
		b.Fatal(err)
	}
}
