package work

import (
	"context"
	"image"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/queue"
)

func TestProgressNeverHoldsUpTheSteps(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{show: func(ctx context.Context, percent int) error {
			time.Sleep(3300 * time.Millisecond) // a slow edit
			return errNet
		}}
		open(t, b, job("1")).over()
		b.was(t, "lease 1", "paint 1", "seal 1", "post 1", "done 1")
		if b.actual > 14_000 || b.actual < 10_000 {
			t.Errorf("took %d ms: want ten steps of a second, and the end of one edit", b.actual)
		}
		if want := []int{10, 40, 70}; !slices.Equal(b.percent, want) {
			t.Errorf("shown %v, want %v: always the latest", b.percent, want)
		}
	})
}

func TestNoProgressAfterTheResult(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var posted, after atomic.Bool
		b := &bureau{}
		b.show = func(context.Context, int) error {
			time.Sleep(700 * time.Millisecond)
			after.Store(after.Load() || posted.Load())
			return nil
		}
		b.post = func(context.Context) (queue.Outcome, error) {
			posted.Store(true)
			return queue.Outcome{}, nil
		}
		open(t, b, job("1")).over()
		if after.Load() {
			t.Error("progress was shown over the result")
		}
	})
}

func TestAPanicInProgressIsNoHarm(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &bureau{show: func(context.Context, int) error { panic("oh") }}, job("1"))
		b.over()
		b.was(t, "lease 1", "paint 1", "seal 1", "post 1", "done 1")
	})
}

func TestAHangingEditIsCutShort(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{show: func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }}
		open(t, b, job("1")).over()
		b.was(t, "lease 1", "paint 1", "seal 1", "post 1", "done 1")
	})
}

func TestNothingIsShownOnceTheLeaseIsOver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{beat: func(queue.Held) (queue.Verdict, error) { return "", errNet }}
		b.paint = func(_ context.Context, p func(int, func() image.Image)) (Made, error) {
			time.Sleep(40 * time.Second) // as one that was frozen: it has not heard of its end
			p(50, nil)
			time.Sleep(time.Second)
			return Made{}, errNet
		}
		open(t, b, job("1"))
		time.Sleep(2 * time.Minute)
		b.over()
		if len(b.percent) > 0 {
			t.Errorf("shown %v after the lease was over, want nothing", b.percent)
		}
	})
}
