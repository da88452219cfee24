package worker

import (
	"context"
	"image"
	"sync"
	"testing"

	"darkroom/render"
	"darkroom/render/picture"
)

func TestBatchSize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		asked int
		onCPU bool
		want  int
	}{{0, true, 1}, {0, false, gpuBatchSize}, {3, true, 3}, {1, false, 1}} {
		if got := BatchSize(c.asked, c.onCPU); got != c.want {
			t.Errorf("%d asked for, on the CPU: %v: got %d, want %d", c.asked, c.onCPU, got, c.want)
		}
	}
}

// slotCounter counts the jobs that are rendered with a slot.
type slotCounter struct {
	fakePipeline
	mu       sync.Mutex
	withSlot int
}

// Render renders noise.
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
	p := s.renderer()
	p.Load = func(context.Context, string) (Pipeline, error) { return s, nil }
	g := p.InBatches()
	l := leaseOf(t, testSpec(), 1<<20)
	over := g.(BatchRenderer).BeginBatch([]string{l.Job.ID, "other"})
	if _, err := g.Render(t.Context(), l, quiet); err != nil || s.withSlot != 1 {
		t.Fatalf("got %v with %d slots, want one", err, s.withSlot)
	}
	over(l.Job.ID)
	over("other")
	_, err := g.Render(t.Context(), l, quiet)
	if left := len(g.(batchRenderer).batchSlots.slots); err != nil || s.withSlot != 1 || left != 0 {
		t.Errorf("got %v with %d slots used and %d left, want it rendered alone", err, s.withSlot, left)
	}
	if _, ok := Renderer(p).(BatchRenderer); ok {
		t.Error("a renderer of one job at a time begins batches")
	}
}
