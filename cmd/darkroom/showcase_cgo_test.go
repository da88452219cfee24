//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"darkroom/config"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render"
	"darkroom/render/filehash"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/render/showcase"
)

// newShowcaseService is a renderer with the demo model, and a cache of its own. Its model is not loaded yet.
func newShowcaseService(tb testing.TB, q *queue.Queue, slot, setting string) *rendererService {
	tb.Helper()
	tb.Setenv("XDG_CACHE_HOME", tb.TempDir())
	c := config.Renderer{
		Runtime: config.Runtime{ModelsDir: tb.TempDir()}, Worker: config.Worker{Slot: slot, Showcase: setting},
	}
	log := slog.New(slog.DiscardHandler)
	pool, err := openONNXPool(tb.Context(), onCPU(tb), c, log, &filesInUse{tell: func([]filehash.File) {}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := pool.Close(); err != nil {
			tb.Error(err)
		}
	})
	r := &rendererService{settings: c, pool: pool, queue: q, log: log}
	r.showcases = r.openShowcases()
	return r
}

func embeddedQueue(tb testing.TB) *queue.Queue {
	tb.Helper()
	q := queue.Embedded(queue.Options{})
	tb.Cleanup(func() { _ = q.Close() })
	if err := q.BeginEpoch(tb.Context(), 1); err != nil {
		tb.Fatal(err)
	}
	return q
}

// TestRendererMakesAShowcase: of a model that is loaded, once, and of none that another renderer shows.
func TestRendererMakesAShowcase(t *testing.T) {
	needRuntime(t)
	q := embeddedQueue(t)
	r := newShowcaseService(t, q, "a", "on")
	if r.makeShowcase(t.Context()) {
		t.Error("made an image by a model that is not loaded: loading it could take the place of another")
	}
	if err := r.pool.LoadFirst(t.Context()); err != nil {
		t.Fatal(err)
	}
	made := 0
	for r.makeShowcase(t.Context()) {
		made++
	}
	now := r.announcement()
	images, err := showcase.Decode(now.Models[0].Images)
	if made != 4 || err != nil || len(images) != 4 || !now.Showcase {
		t.Fatalf("made %d, announced %d, %v, want four", made, len(images), err)
	}
	if n := len(now.Models[0].Images); n > 80<<10 {
		t.Errorf("announced %d bytes of images, want 80 KiB at most", n)
	}
	if err := q.Announce(t.Context(), now, time.Minute); err != nil {
		t.Fatal(err)
	}
	other := newShowcaseService(t, q, "b", "on")
	if err := other.pool.LoadFirst(t.Context()); err != nil {
		t.Fatal(err)
	}
	if other.makeShowcase(t.Context()) {
		t.Error("made an image that another renderer shows")
	}
	if err := q.Withdraw(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if !other.makeShowcase(t.Context()) {
		t.Error("made none once the other renderer is gone")
	}
	if off := newShowcaseService(t, q, "c", "off"); off.idle() != nil || off.announcement().Showcase {
		t.Error("switched off, and yet it makes images")
	}
}

// stampingRenderer notes when a job's rendering begins.
type stampingRenderer struct {
	mu    sync.Mutex
	begun map[string]time.Time
	done  chan string
}

// Render renders nothing.
func (s *stampingRenderer) Render(
	_ context.Context, l queue.Lease, _ func(int, func() image.Image),
) (worker.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun[l.Job.ID] = time.Now()
	return worker.Result{}, nil
}

// FindPosted finds nothing.
func (s *stampingRenderer) FindPosted(context.Context, queue.Job) (bool, queue.Outcome, error) {
	return false, queue.Outcome{}, nil
}

// Progress shows nothing.
func (s *stampingRenderer) Progress(context.Context, queue.Job, int, func() image.Image) error {
	return nil
}

// Post says that the job is over.
func (s *stampingRenderer) Post(_ context.Context, j queue.Job, _ worker.Result) (queue.Outcome, error) {
	s.done <- j.ID
	return queue.Outcome{Message: "m"}, nil
}

// PostFailure is not expected.
func (s *stampingRenderer) PostFailure(context.Context, queue.Job, string) error {
	return errors.New("a job failed")
}

// BenchmarkLeaseInIdleTime measures how long it takes from the Enqueue of a job to the beginning of its rendering, when
// the renderer has nothing to do, and when it renders an image of a showcase that must be given up first:
//
//	go test ./cmd/darkroom -run none -bench LeaseInIdleTime -benchtime 40x
func BenchmarkLeaseInIdleTime(b *testing.B) {
	for _, busy := range []bool{false, true} {
		b.Run(map[bool]string{false: "nothing to do", true: "a showcase"}[busy], func(b *testing.B) {
			q := embeddedQueue(b)
			r := newShowcaseService(b, q, "a", "on")
			if err := r.pool.LoadFirst(b.Context()); err != nil {
				b.Fatal(err)
			}
			model := r.pool.Models()[0]
			var idle func(context.Context) bool
			rendering := make(chan struct{}, 1)
			if busy {
				spec := exampleSpec(b, model)
				idle = func(ctx context.Context) bool {
					_, err := r.pool.Loaded(model.Hash).Render(ctx, spec, render.Job{Progress: func(render.Progress) {
						select {
						case rendering <- struct{}{}:
						default:
						}
					}})
					return err == nil
				}
			}
			s := &stampingRenderer{begun: map[string]time.Time{}, done: make(chan string)}
			ctx, stop := context.WithCancel(b.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				_ = worker.Worker{Queue: q, Renderer: s, Poster: s, Options: worker.Options{
					Slot: "a", Lanes: func() []queue.Lane { return queue.Lanes("a") }, Idle: idle, IdleAfter: time.Millisecond,
				}}.Run(ctx)
			})
			var took []time.Duration
			for i := range b.N {
				for busy && len(rendering) == 0 {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(time.Duration(i*37%200) * time.Millisecond) // at any moment of a step
				id, at := fmt.Sprint(i), time.Now()
				if _, err := q.Enqueue(ctx, 1, queue.Job{ID: id, Lane: "a", Server: "s", User: "u", Cost: 10}); err != nil {
					b.Fatal(err)
				}
				<-s.done
				for len(rendering) > 0 {
					<-rendering
				}
				s.mu.Lock()
				took = append(took, s.begun[id].Sub(at))
				s.mu.Unlock()
			}
			stop()
			wg.Wait()
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2].Seconds()*1000, "ms-median")
			b.ReportMetric(took[len(took)-1].Seconds()*1000, "ms-max")
		})
	}
}

// exampleSpec is a long job of a model.
func exampleSpec(b *testing.B, m worker.Model) picture.Spec {
	b.Helper()
	f := request.Available{Models: []request.Card{cardOf(m)}}
	r, refusal := request.Resolve(request.Wanted{Prompt: "a red boat", Steps: new(150), Count: new(1)}, f, 1)
	if refusal != nil {
		b.Fatal(refusal.Sentence.String())
	}
	return r.Spec
}
