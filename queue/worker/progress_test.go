package worker

import (
	"context"
	"image"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/queue"
)

func TestProgressNeverBlocksRendering(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{progress: func(ctx context.Context, percent int) error {
			time.Sleep(3300 * time.Millisecond) // a slow edit
			return errNet
		}}
		startWorker(t, b, job("1")).finish()
		b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1", "done 1")
		if b.actual > 14_000 || b.actual < 10_000 {
			t.Errorf("took %d ms: want ten steps of a second, and the end of one edit", b.actual)
		}
		if want := []int{10, 40, 70}; !slices.Equal(b.shownPercents, want) {
			t.Errorf("shown %v, want %v: always the latest", b.shownPercents, want)
		}
	})
}

// TestProgressShowsTheNewest renders three jobs of ten steps. Each edit carries the newest state of its moment, a short
// job shows a middle state, and a long one is edited once in three seconds.
func TestProgressShowsTheNewest(t *testing.T) {
	for name, c := range map[string]struct {
		step time.Duration
		want []int
	}{
		"a job of two seconds":    {200 * time.Millisecond, []int{10, 30, 90}},
		"a job of five seconds":   {500 * time.Millisecond, []int{10, 20, 40, 90}},
		"a job of thirty seconds": {3 * time.Second, []int{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}},
		"a job of eight seconds":  {800 * time.Millisecond, []int{10, 20, 30, 60}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				b := &fake{}
				b.render = func(_ context.Context, progress func(int, func() image.Image)) (Result, error) {
					for i := range 10 {
						time.Sleep(c.step)
						progress(10*i+10, nil)
						time.Sleep(time.Millisecond) // no report falls on the moment of an edit
					}
					return oneImage, nil
				}
				startWorker(t, b, job("1")).finish()
				if !slices.Equal(b.shownPercents, c.want) {
					t.Errorf("shown %v, want %v", b.shownPercents, c.want)
				}
			})
		})
	}
}

func TestNoProgressAfterTheResult(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var posted, after atomic.Bool
		b := &fake{}
		b.progress = func(context.Context, int) error {
			time.Sleep(700 * time.Millisecond)
			after.Store(after.Load() || posted.Load())
			return nil
		}
		b.post = func(context.Context) (queue.Outcome, error) {
			posted.Store(true)
			return queue.Outcome{}, nil
		}
		startWorker(t, b, job("1")).finish()
		if after.Load() {
			t.Error("progress was shown over the result")
		}
	})
}

func TestPanicInProgressIsHarmless(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := startWorker(t, &fake{progress: func(context.Context, int) error { panic("oh") }}, job("1"))
		b.finish()
		b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1", "done 1")
	})
}

func TestHangingEditTimesOut(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{progress: func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }}
		startWorker(t, b, job("1")).finish()
		b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1", "done 1")
	})
}

func TestNothingIsShownOnceTheLeaseIsOver(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{heartbeat: func(queue.HeldLease) (queue.Verdict, error) { return "", errNet }}
		b.render = func(_ context.Context, p func(int, func() image.Image)) (Result, error) {
			time.Sleep(40 * time.Second) // like one that was suspended: it does not know that its lease has ended
			p(50, nil)
			time.Sleep(time.Second)
			return Result{}, errNet
		}
		startWorker(t, b, job("1"))
		time.Sleep(2 * time.Minute)
		b.finish()
		if len(b.shownPercents) > 0 {
			t.Errorf("shown %v after the lease was over, want nothing", b.shownPercents)
		}
	})
}
