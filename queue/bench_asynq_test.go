package queue

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

const (
	benchWorkers = 16
	benchBacklog = 1000
)

// BenchmarkCyclesAgainstAsynq runs the same work through this queue and through asynq, in alternating rounds of a
// thousand jobs on one server: 1 KiB jobs, 16 workers, a backlog of a thousand jobs; here over 300 servers with 20
// users each, with running limits, for renderers that take three models or twelve. A cycle is enqueue, lease and done.
// "ratio" is ours to asynq's; "cpu" is the server's processor time for a cycle.
func BenchmarkCyclesAgainstAsynq(b *testing.B) {
	for _, models := range []int{3, 12} {
		b.Run(fmt.Sprint("models=", models), func(b *testing.B) { compareWithAsynq(b, models) })
	}
}

func compareWithAsynq(b *testing.B, models int) {
	ours, theirs := newBenchQueue(b, benchBacklog, 300, models), newAsynqBench(b, benchBacklog)
	watch := &stopwatch{}
	ours.db.AddHook(watch)
	const round = 1000
	var oursTook, theirsTook time.Duration
	var oursSpent, theirsSpent float64
	for b.Loop() {
		begun := ours.cpu(b)
		oursTook += timed(func() {
			first := ours.next
			ours.next += round
			inParallel(benchWorkers, round, func(i int) {
				ours.cycle(b, fmt.Sprint("w", i%benchWorkers), first+i, false)
			})
		})
		between := ours.cpu(b)
		theirsTook += timed(func() { theirs.runRound(b, round) })
		oursSpent, theirsSpent = oursSpent+between-begun, theirsSpent+ours.cpu(b)-between
	}
	n := float64(round * b.N)
	b.ReportMetric(n/oursTook.Seconds(), "ours/s")
	b.ReportMetric(n/theirsTook.Seconds(), "asynq/s")
	b.ReportMetric(theirsTook.Seconds()/oursTook.Seconds(), "ratio")
	b.ReportMetric(oursSpent/n, "ours-cpu-µs")
	b.ReportMetric(theirsSpent/n, "asynq-cpu-µs")
	b.ReportMetric(watch.at(0.99), "ours-p99-ms")
	b.ReportMetric(theirs.watch.at(0.99), "asynq-p99-ms")
	b.ReportMetric(0, "ns/op")
}

func timed(do func()) time.Duration {
	begun := time.Now()
	do()
	return time.Since(begun)
}

// asynqBench is an asynq server with a backlog, stopped between rounds.
type asynqBench struct {
	client    *asynq.Client
	watch     *stopwatch
	left      atomic.Int64
	roundDone chan struct{}
	gate      chan struct{} // a worker takes a token before it ends a task
}

func newAsynqBench(b *testing.B, backlog int) *asynqBench {
	b.Helper()
	connect := func() *redis.Client { return singleClients(unixOptions(b))().(*redis.Client) }
	r := &asynqBench{watch: &stopwatch{}, roundDone: make(chan struct{}), gate: make(chan struct{})}
	one, two := connect(), connect()
	one.AddHook(r.watch)
	two.AddHook(r.watch)
	r.client = asynq.NewClientFromRedisClient(one)
	inParallel(benchWorkers, backlog, func(i int) { r.enqueue(b) })
	server := asynq.NewServerFromRedisClient(two, asynq.Config{Concurrency: benchWorkers, LogLevel: asynq.FatalLevel})
	work := func(context.Context, *asynq.Task) error {
		<-r.gate
		if r.left.Add(-1) == 0 {
			r.roundDone <- struct{}{}
		}
		return nil
	}
	if err := server.Start(asynq.HandlerFunc(work)); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		close(r.gate)
		server.Stop()
		server.Shutdown()
		_, _ = one.Close(), two.Close()
	})
	return r
}

func unixOptions(b *testing.B) *redis.Options {
	o, err := redis.ParseURL(sharedServer.url(b))
	if err != nil {
		b.Fatal(err)
	}
	return o
}

func (r *asynqBench) enqueue(b *testing.B) {
	if _, err := r.client.EnqueueContext(b.Context(), asynq.NewTask("render", kilobyteJob(0, 1, 1).Spec)); err != nil {
		b.Error(err)
	}
}

// runRound enqueues n tasks while n are processed.
func (r *asynqBench) runRound(b *testing.B, n int) {
	r.left.Store(int64(n))
	stop := make(chan struct{})
	go func() {
		for range n {
			select {
			case r.gate <- struct{}{}:
			case <-stop:
				return
			}
		}
	}()
	inParallel(benchWorkers, n, func(int) { r.enqueue(b) })
	<-r.roundDone
	close(stop)
}
