//go:build cgo

package main

import (
	"context"
	"image"
	"sync"
	"testing"

	"darkroom/config"
	"darkroom/queue/worker"
	"darkroom/render"
	"darkroom/render/picture"
)

func TestBatchSize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		asked int
		kind  string
		want  int
	}{{0, "cpu", 1}, {0, "cuda", gpuBatchSize}, {3, "cpu", 3}, {1, "cuda", 1}} {
		if got := batchSize(config.Worker{Batch: c.asked}, config.Device{Kind: c.kind}); got != c.want {
			t.Errorf("%d asked for on %s: got %d, want %d", c.asked, c.kind, got, c.want)
		}
	}
}

// sharing is an artist that notes who paints with a seat.
type slotCounter struct {
	fakePipeline
	mu       sync.Mutex
	withSlot int
}

// Paint paints noise.
func (s *slotCounter) Render(_ context.Context, spec picture.Spec, job render.Job) (*render.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if job.Slot != nil {
		s.withSlot++
	}
	return s.fakePipeline.Render(context.Background(), spec, job)
}

func TestJobsOfABatchShareSlots(t *testing.T) {
	t.Parallel()
	s, quiet := &slotCounter{}, func(int, func() image.Image) {}
	p := s.jobRenderer()
	p.load = func(context.Context, string) (specRenderer, error) { return s, nil }
	p.slots = &batchSlots{}
	var g worker.Renderer = batchJobRenderer{p, p.slots}
	l := leaseOf(t, testSpec(), 1<<20)
	over := g.(worker.BatchRenderer).BeginBatch([]string{l.Job.ID, "other"})
	if _, err := g.Render(t.Context(), l, quiet); err != nil || s.withSlot != 1 {
		t.Fatalf("got %v with %d seated, want one", err, s.withSlot)
	}
	over(l.Job.ID)
	over("other")
	if _, err := g.Render(t.Context(), l, quiet); err != nil || s.withSlot != 1 || len(p.slots.slots) != 0 {
		t.Errorf("got %v with %d seated and %d seats left, want it painted alone", err, s.withSlot, len(p.slots.slots))
	}
	if _, ok := worker.Renderer(p).(worker.BatchRenderer); ok {
		t.Error("a renderer of one job at a time begins batches")
	}
}
