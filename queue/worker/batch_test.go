package worker

import (
	"context"
	"errors"
	"image"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/queue"
)

func TestBatchRunsSequentially(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var mu sync.Mutex
		kept := map[string]int{}
		b := &fake{maxBatch: 2}
		b.heartbeat = func(h queue.HeldLease) (queue.Verdict, error) {
			mu.Lock()
			defer mu.Unlock()
			kept[h.ID]++
			return queue.OK, nil
		}
		b.render = func(ctx context.Context, p func(int, func() image.Image)) (Result, error) {
			for i := range 10 {
				time.Sleep(6 * time.Second)
				p(10*i+10, nil)
			}
			return oneImage, nil
		}
		startWorker(t, b, job("1"), job("2"), job("3"))
		time.Sleep(4 * time.Minute)
		b.finish()
		b.wantCalls(t, "lease 1", "lease 2", "render 1", "seal 1", "post 1", "done 1", "render 2", "seal 2", "post 2",
			"done 2",
			"lease 3", "render 3", "seal 3", "post 3", "done 3")
		if kept["2"] < 10 || kept["1"] > kept["2"]-5 {
			t.Errorf("heartbeats %v: want the second job kept alive while the first is rendered, then not the first", kept)
		}
	})
}

func TestBatchRendererRunsJobsTogether(t *testing.T) {
	count := func(b *fake, call string) (n int) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range b.calls {
			if c == call {
				n++
			}
		}
		return n
	}
	t.Run("side by side, each with an equal part of the time", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			b := startWorker(t, &fake{maxBatch: 2, rendersBatches: true}, job("1"), job("2"))
			time.Sleep(1500 * time.Millisecond)
			if count(b, "begin-batch 1 2") != 1 || count(b, "render 1") != 1 || count(b, "render 2") != 1 {
				t.Errorf("calls %q, want both in a batch and being rendered", b.calls)
			}
			b.finish()
			for _, call := range []string{"leave-batch 1", "leave-batch 2", "done 1", "done 2"} {
				if n := count(b, call); n != 1 {
					t.Errorf("%q %d times in %q, want once", call, n, b.calls)
				}
			}
			if b.actual != 5_000 {
				t.Errorf("took %d ms, want half of ten seconds", b.actual)
			}
		})
	})
	t.Run("a cancel of one lets the other go on", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			b := startWorker(t, &fake{maxBatch: 2, rendersBatches: true}, job("1"), job("2"))
			time.Sleep(1500 * time.Millisecond)
			b.events <- queue.Event{Kind: queue.CancelRequested, Job: "1"}
			time.Sleep(2 * time.Second)
			if count(b, "leave-batch 1") != 1 || count(b, "confirm-cancel 1") != 1 || count(b, "leave-batch 2") != 0 {
				t.Errorf("calls %q, want the first over at once and the other not", b.calls)
			}
			b.finish()
			if count(b, "done 2") != 1 || count(b, "done 1") != 0 {
				t.Errorf("calls %q, want the other done", b.calls)
			}
		})
	})
	t.Run("one that was posted already leaves the batch without being rendered", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			b := &fake{maxBatch: 2, rendersBatches: true}
			b.findPosted = func(context.Context) (bool, queue.Outcome, error) { return true, queue.Outcome{Message: "3"}, nil }
			startWorker(t, b, maybePostedJob("1"), job("2")).finish()
			if count(b, "leave-batch 1") != 1 || count(b, "render 1") != 0 || count(b, "done 2") != 1 {
				t.Errorf("calls %q, want the first out of the batch, and the second rendered", b.calls)
			}
		})
	})
	t.Run("a single job is nobody's mate", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			b := startWorker(t, &fake{maxBatch: 2, rendersBatches: true}, job("1"))
			b.finish()
			b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1", "done 1")
		})
	})
}

func TestEventsWhileABatchRenders(t *testing.T) {
	cases := map[string]struct {
		event queue.Event
		stop  bool
		want  []string
	}{
		"a cancel of one that waits is heard at once": {
			queue.Event{Kind: queue.CancelRequested, Job: "2"}, false, []string{"lease 1", "lease 2", "render 1",
				"confirm-cancel 2", "seal 1", "post 1", "done 1"},
		},
		"a cancel of the one that is rendered lets the next one begin": {
			queue.Event{Kind: queue.CancelRequested, Job: "1"}, false, []string{"lease 1", "lease 2", "render 1",
				"confirm-cancel 1", "render 2", "seal 2", "post 2", "done 2"},
		},
		"a stop gives back at once what was not begun": {
			queue.Event{}, true, []string{"lease 1", "lease 2", "render 1", "release 2", "seal 1", "post 1", "done 1"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				b := startWorker(t, &fake{maxBatch: 2}, job("1"), job("2"))
				time.Sleep(1500 * time.Millisecond)
				b.events <- c.event
				if c.stop {
					b.stop()
				}
				b.finish()
				b.wantCalls(t, c.want...)
			})
		})
	}
}

func TestHangReleasesTheRestOfTheBatch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		b := startWorker(t, &fake{maxBatch: 3, render: renderIgnoringCancel(release)}, job("1"), job("2"), job("3"))
		<-b.stopped
		slices.Sort(b.calls[4:])
		b.wantCalls(t, "lease 1", "lease 2", "lease 3", "render 1", "crashed 1", "release 2", "release 3")
		if !errors.Is(b.err, ErrHung) {
			t.Errorf("the worker ended with %v, want %v", b.err, ErrHung)
		}
	})
}

func TestStopReleasesUnstartedLeases(t *testing.T) {
	t.Run("the call was answered", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			b := &fake{maxBatch: 2}
			b.reserve = func() error { b.stop(); return nil }
			startWorker(t, b, job("1"), job("2"))
			<-b.stopped
			slices.Sort(b.calls)
			b.wantCalls(t, "lease 1", "lease 2", "release 1", "release 2")
		})
	})
	t.Run("the call was not answered", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			b := &fake{maxBatch: 2}
			lost := failTimes(1, errNet)
			b.reserve = func() error { b.stop(); return lost() }
			startWorker(t, b, job("1"), job("2"))
			synctest.Wait()
			<-b.stopped
			b.wantCalls(t, "lease 1", "lease 2", "release 1", "release 2")
			if len(b.nonces) != 2 || b.nonces[0] != b.nonces[1] {
				t.Errorf("nonces %q, want the same twice", b.nonces)
			}
		})
	})
}

func TestJobCancelledWhileWaitingIsCheckedNotRendered(t *testing.T) {
	for name, found := range map[string]bool{"found posted": true, "not posted": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				b := &fake{cancelled: true}
				b.findPosted = func(context.Context) (bool, queue.Outcome, error) { return found, queue.Outcome{}, nil }
				startWorker(t, b, maybePostedJob("1")).finish()
				want := []string{"lease 1", "find 1", "confirm-cancel 1"}
				if found {
					want = []string{"lease 1", "find 1", "done 1"}
				}
				b.wantCalls(t, want...)
			})
		})
	}
}

func TestCancelledJobThatMayBePostedIsChecked(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{maxBatch: 2}
		b.findPosted = func(context.Context) (bool, queue.Outcome, error) { return true, queue.Outcome{Message: "3"}, nil }
		startWorker(t, b, job("1"), maybePostedJob("2"))
		time.Sleep(1500 * time.Millisecond)
		b.events <- queue.Event{Kind: queue.CancelRequested, Job: "2"} // before it has begun
		b.finish()
		b.wantCalls(t, "lease 1", "lease 2", "render 1", "seal 1", "post 1", "done 1", "find 2", "done 2")
	})
}
