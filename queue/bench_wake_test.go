package queue

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkWake has idle renderers wait as package worker does, and measures the time from the call that enqueues a job
// until one of them has its lease.
func BenchmarkWake(b *testing.B) {
	for _, renderers := range []int{1, 50} {
		b.Run(fmt.Sprint("renderers=", renderers), func(b *testing.B) { timeWake(b, renderers) })
	}
}

func timeWake(b *testing.B, renderers int) {
	r := newBenchQueue(b, 0, 1, 1)
	leased := make(chan time.Time)
	ctx, stop := context.WithCancel(b.Context())
	var all sync.WaitGroup
	for i := range renderers {
		w := &idleRenderer{Queue: r.Queue, capacity: r.capacity(), slot: fmt.Sprint("w", i), wake: make(chan struct{}, 1),
			leased: leased}
		all.Go(func() { _ = w.Watch(ctx, "", w.handleEvent) }) // ends with ctx only
		all.Go(func() { w.leaseLoop(ctx, b) })
	}
	b.Cleanup(all.Wait)
	b.Cleanup(stop)
	time.Sleep(time.Second) // until all listen
	var took []time.Duration
	for b.Loop() {
		time.Sleep(20 * time.Millisecond) // all are idle again
		asked := time.Now()
		r.enqueue(b, len(took))
		took = append(took, (<-leased).Sub(asked))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// idleRenderer is an idle renderer.
type idleRenderer struct {
	*Queue
	slot     string
	capacity Capacity
	wake     chan struct{}
	leased   chan time.Time
}

func (w *idleRenderer) handleEvent(e Event) error {
	if e.Kind == JobQueued || e.Kind == JobDone {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// leaseLoop ends each job as soon as it has it.
func (w *idleRenderer) leaseLoop(ctx context.Context, b *testing.B) {
	for n := 0; ctx.Err() == nil; n++ {
		l, err := w.Reserve(ctx, w.slot, fmt.Sprint("n", n), w.capacity)
		switch {
		case err != nil && ctx.Err() == nil:
			b.Error(err)
		case len(l) == 1:
			w.leased <- time.Now()
			if _, err := w.Done(context.WithoutCancel(ctx), l[0], 1, Outcome{}); err != nil {
				b.Error(err)
			}
		default:
			w.wait(ctx)
		}
	}
}

func (w *idleRenderer) wait(ctx context.Context) {
	t := time.NewTimer(2 * time.Second)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-w.wake:
	case <-t.C:
	}
}
