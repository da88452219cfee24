//go:build cgo

package main

import (
	"context"
	"image"
	"log/slog"
	"sync"
	"testing"

	"darkroom/config"
	"darkroom/queue/work"
	"darkroom/render"
	"darkroom/render/picture"
)

func TestBatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		asked int
		kind  string
		want  int
	}{{0, "cpu", 1}, {0, "cuda", gpuBatch}, {3, "cpu", 3}, {1, "cuda", 1}} {
		if got := batch(config.Offer{Batch: c.asked}, config.Device{Kind: c.kind}); got != c.want {
			t.Errorf("%d asked for on %s: got %d, want %d", c.asked, c.kind, got, c.want)
		}
	}
}

// sharing is an artist that notes who paints with a seat.
type sharing struct {
	hand
	mu     sync.Mutex
	seated int
}

// Paint paints noise.
func (s *sharing) Paint(_ context.Context, spec picture.Spec, job render.Job) (*render.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if job.Seat != nil {
		s.seated++
	}
	return s.hand.Paint(context.Background(), spec, job)
}

// book is a crash book that keeps nothing.
type book struct{}

func (book) Begun(context.Context, string) (bool, error)    { return true, nil }
func (book) Survived(context.Context, string) (bool, error) { return true, nil }

func TestJobsOfABatchAreSeated(t *testing.T) {
	t.Parallel()
	s, quiet := &sharing{}, func(int, func() image.Image) {}
	p := s.painter()
	p.artist = func(context.Context, string) (artist, error) { return s, nil }
	p.seats = &seating{}
	var g work.Painter = counted{together{p, p.seats}, book{}, slog.New(slog.DiscardHandler)}.gathering()
	l := leaseOf(t, wanted(), 1<<20)
	over := g.(work.Gatherer).Gather([]string{l.Job.ID, "other"})
	if _, err := g.Paint(t.Context(), l, quiet); err != nil || s.seated != 1 {
		t.Fatalf("got %v with %d seated, want one", err, s.seated)
	}
	over(l.Job.ID)
	over("other")
	if _, err := g.Paint(t.Context(), l, quiet); err != nil || s.seated != 1 || len(p.seats.seats) != 0 {
		t.Errorf("got %v with %d seated and %d seats left, want it painted alone", err, s.seated, len(p.seats.seats))
	}
	if _, ok := (counted{p, book{}, slog.New(slog.DiscardHandler)}).gathering().(work.Gatherer); ok {
		t.Error("a painter of one job at a time gathers")
	}
}
