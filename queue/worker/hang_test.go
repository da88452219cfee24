package worker

import (
	"context"
	"errors"
	"image"
	"testing"
	"time"

	"darkroom/queue"
)

// renderIgnoringCancel renders until it is released, whatever its context says.
func renderIgnoringCancel(release <-chan struct{}, percents ...int) renderFunc {
	return func(_ context.Context, progress func(int, func() image.Image)) (Result, error) {
		for _, p := range percents {
			time.Sleep(time.Minute)
			progress(p, nil)
		}
		<-release
		return oneImage, nil
	}
}

func TestHangEndsTheWorker(t *testing.T) {
	slow := job("1")
	slow.Cost = 300_000 // five minutes
	cases := map[string]struct {
		job      queue.Job
		percents []int
		final    bool
		after    time.Duration
		want     []string
	}{
		"it never begins": {job("1"), nil, false, 2 * time.Minute,
			[]string{"lease 1", "render 1", "crashed 1"}},
		"it stops in the middle": {job("1"), []int{10, 20, 30}, false, 5 * time.Minute,
			[]string{"lease 1", "render 1", "crashed 1"}},
		"it stops in a long step": {job("1"), []int{10, 10, 10, 10}, false, 6 * time.Minute,
			[]string{"lease 1", "render 1", "crashed 1"}},
		"a long picture has more time": {slow, nil, false, 10 * time.Minute, []string{"lease 1", "render 1", "crashed 1"}},
		"it was the last try": {job("1"), nil, true, 2 * time.Minute,
			[]string{"lease 1", "render 1", "crashed 1", "post-failure 1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				b := &fake{render: renderIgnoringCancel(release, c.percents...), fail: func() (bool, error) { return c.final, nil }}
				began := time.Now()
				startWorker(t, b, c.job, job("2"))
				<-b.stopped
				if !errors.Is(b.err, ErrHung) {
					t.Errorf("the worker ended with %v, want %v", b.err, ErrHung)
				}
				b.wantCalls(t, c.want...) // and takes no other job
				if d := time.Since(began); d < c.after || d > c.after+time.Second {
					t.Errorf("noticed after %v, want %v", d, c.after)
				}
			})
		})
	}
}

func TestRendererThatIgnoresCancelHangs(t *testing.T) {
	cases := map[string]struct {
		heartbeat func(queue.HeldLease) (queue.Verdict, error)
		stop      bool
		want      []string
	}{
		"of a cancel: the queue hears that it stopped": {
			func(queue.HeldLease) (queue.Verdict, error) { return queue.Cancelled, nil }, false,
			[]string{"lease 1", "render 1", "confirm-cancel 1"},
		},
		"of a lost lease: nothing is to be said": {
			func(queue.HeldLease) (queue.Verdict, error) { return queue.Stale, nil }, false, []string{"lease 1", "render 1"},
		},
		"of the process: the job is given back": {nil, true, []string{"lease 1", "render 1", "release 1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				b := &fake{heartbeat: c.heartbeat, render: renderIgnoringCancel(release)}
				began := time.Now()
				startWorker(t, b, job("1"))
				time.Sleep(time.Second)
				if c.stop {
					b.stop()
				}
				<-b.stopped
				if !errors.Is(b.err, ErrHung) {
					t.Errorf("the worker ended with %v, want %v", b.err, ErrHung)
				}
				b.wantCalls(t, c.want...)
				if d := time.Since(began); d > lease+grace+2*time.Second {
					t.Errorf("ended after %v, want a lease's time after the end", d)
				}
			})
		})
	}
}

// TestRepeatedProgressIsNoHang fails in the end, like a sampler that finds no step that fits.
func TestRepeatedProgressIsNoHang(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{render: func(_ context.Context, progress func(int, func() image.Image)) (Result, error) {
			for range 300 {
				time.Sleep(time.Minute)
				progress(98, nil)
			}
			return Result{}, Final("no step fits", errors.New("no step fits"))
		}}
		startWorker(t, b, job("1"))
		time.Sleep(301 * time.Minute)
		b.stop()
		<-b.stopped
		if b.err != nil {
			t.Errorf("the worker ended with %v, want none", b.err)
		}
		b.wantCalls(t, "lease 1", "render 1", "fail 1 retry=false", "post-failure 1")
	})
}

func TestJobsRenderedTogetherHaveTheTimeOfAll(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		slow, other := job("1"), job("2")
		slow.Cost, other.Cost = 300_000, 300_000 // five minutes
		b := &fake{maxBatch: 2, rendersBatches: true, render: renderIgnoringCancel(release)}
		began := time.Now()
		startWorker(t, b, slow, other)
		<-b.stopped
		if d, want := time.Since(began), 20*time.Minute; d < want || d > want+time.Minute {
			t.Errorf("noticed after %v, want twice the estimate of both, %v", d, want)
		}
	})
}
