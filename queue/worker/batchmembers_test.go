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

// memberCounter counts the jobs that are rendered in a batch.
type memberCounter struct {
	fakePipeline
	mu      sync.Mutex
	inBatch int
}

// Render renders noise.
func (s *memberCounter) Render(_ context.Context, spec picture.Spec, job render.Job) (*render.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if job.BatchMember != nil {
		s.inBatch++
	}
	return s.fakePipeline.Render(context.Background(), spec, job)
}

func TestJobsOfABatchRenderTogether(t *testing.T) {
	t.Parallel()
	s, quiet := &memberCounter{}, func(int, func() image.Image) {}
	p := s.renderer()
	p.Load = func(context.Context, string) (Pipeline, error) { return s, nil }
	g := p.InBatches()
	l := leaseOf(t, testSpec(), 1<<20)
	over := g.(BatchRenderer).BeginBatch([]string{l.Job.ID, "other"})
	if _, err := g.Render(t.Context(), l, quiet); err != nil || s.inBatch != 1 {
		t.Fatalf("got %v with %d jobs in a batch, want one", err, s.inBatch)
	}
	over(l.Job.ID)
	over("other")
	_, err := g.Render(t.Context(), l, quiet)
	if left := len(g.(batchRenderer).batchMembers.members); err != nil || s.inBatch != 1 || left != 0 {
		t.Errorf("got %v with %d jobs in a batch and %d left, want it rendered alone", err, s.inBatch, left)
	}
	if _, ok := Renderer(p).(BatchRenderer); ok {
		t.Error("a renderer of one job at a time begins batches")
	}
}
