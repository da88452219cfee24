package worker

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/queue"
)

func TestLeaseLostWhileRendering(t *testing.T) {
	cases := map[string]func(queue.HeldLease) (queue.Verdict, error){
		"of another renderer": func(queue.HeldLease) (queue.Verdict, error) { return queue.Stale, nil },
		"emptied queue":       func(queue.HeldLease) (queue.Verdict, error) { return queue.EpochChanged, nil },
		"no answer":           func(queue.HeldLease) (queue.Verdict, error) { return "", errNet },
	}
	for name, heartbeat := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var end time.Duration
				b := &fake{heartbeat: heartbeat}
				b.render = func(ctx context.Context, _ func(int, func() image.Image)) (Result, error) {
					began := time.Now()
					<-ctx.Done()
					end = time.Since(began)
					return Result{}, context.Cause(ctx)
				}
				startWorker(t, b, job("1")).finish()
				b.wantCalls(t, "lease 1", "render 1") // and nothing else
				if end >= lease {
					t.Errorf("dropped after %v, want it before the lease ended", end)
				}
			})
		})
	}
}

func TestLeaseLostAfterTheSealStopsThePost(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var stale atomic.Bool
		b := &fake{}
		b.heartbeat = func(queue.HeldLease) (queue.Verdict, error) {
			if stale.Load() {
				return queue.Stale, nil
			}
			return queue.OK, nil
		}
		b.post = func(ctx context.Context) (queue.Outcome, error) {
			stale.Store(true)
			<-ctx.Done()
			return queue.Outcome{}, context.Cause(ctx)
		}
		startWorker(t, b, job("1")).finish()
		b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1")
	})
}

func TestHeartbeatsKeepALongRender(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{}
		fault := 0
		b.heartbeat = func(queue.HeldLease) (queue.Verdict, error) { // every other one is lost
			if fault++; fault%2 == 0 {
				return "", errNet
			}
			return queue.OK, nil
		}
		b.render = func(ctx context.Context, p func(int, func() image.Image)) (Result, error) {
			for i := range 50 {
				time.Sleep(6 * time.Second)
				p(2*i+2, nil)
			}
			return oneImage, nil
		}
		startWorker(t, b, job("1"))
		time.Sleep(6 * time.Minute)
		b.finish()
		b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1", "done 1")
		if b.heartbeats < 300/10 {
			t.Errorf("%d heartbeats in five minutes", b.heartbeats)
		}
	})
}

// renderUntilCancelled renders until ctx ends and measures how long it took to notice.
func renderUntilCancelled(noticed *time.Duration, sinceWhen *time.Time) renderFunc {
	return func(ctx context.Context, p func(int, func() image.Image)) (Result, error) {
		for ctx.Err() == nil {
			time.Sleep(time.Second)
			p(50, nil)
		}
		*noticed = time.Since(*sinceWhen)
		return Result{}, context.Cause(ctx)
	}
}

func TestCancelWhileRendering(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var noticed time.Duration
		var at time.Time
		b := &fake{render: renderUntilCancelled(&noticed, &at)}
		startWorker(t, b, job("1"))
		time.Sleep(3500 * time.Millisecond)
		b.events <- queue.Event{Kind: queue.CancelRequested, Job: "another"}
		time.Sleep(2 * time.Second)
		b.wantCalls(t, "lease 1", "render 1")
		at = time.Now()
		b.events <- queue.Event{Kind: queue.CancelRequested, Job: "1"}
		time.Sleep(1500 * time.Millisecond)
		b.wantCalls(t, "lease 1", "render 1", "confirm-cancel 1")
		if noticed > time.Second {
			t.Errorf("noticed after %v, want within a step", noticed)
		}
		b.finish()
	})
}

func TestHeartbeatDeliversTheCancel(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{heartbeat: func(queue.HeldLease) (queue.Verdict, error) { return queue.Cancelled, nil }}
		b.render = func(ctx context.Context, _ func(int, func() image.Image)) (Result, error) {
			<-ctx.Done()
			return Result{}, errors.New("interrupted")
		}
		startWorker(t, b, job("1"))
		synctest.Wait() // at once: the first heartbeat does not wait
		b.wantCalls(t, "lease 1", "render 1", "confirm-cancel 1")
		b.finish()
	})
}

func TestCancelIgnoredByTheRendererStillCounts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{}
		b.render = func(ctx context.Context, _ func(int, func() image.Image)) (Result, error) {
			<-ctx.Done()
			return oneImage, nil
		}
		startWorker(t, b, job("1"))
		synctest.Wait()
		b.events <- queue.Event{Kind: queue.CancelRequested, Job: "1"}
		b.finish()
		b.wantCalls(t, "lease 1", "render 1", "confirm-cancel 1")
	})
}

func TestCancelWhileCheckingIsHandledAfterwards(t *testing.T) {
	for name, found := range map[string]bool{"found posted": true, "not posted": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				b := &fake{heartbeat: func(queue.HeldLease) (queue.Verdict, error) { return queue.Cancelled, nil }}
				b.findPosted = func(ctx context.Context) (bool, queue.Outcome, error) {
					time.Sleep(time.Second)
					return found, queue.Outcome{}, ctx.Err()
				}
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

func TestCancelAfterTheSealChangesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{}
		b.post = func(ctx context.Context) (queue.Outcome, error) {
			b.events <- queue.Event{Kind: queue.CancelRequested, Job: "1"}
			synctest.Wait()
			return queue.Outcome{Delivered: "posted"}, ctx.Err()
		}
		startWorker(t, b, job("1")).finish()
		b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1", "done 1")
	})
}

func TestStopping(t *testing.T) {
	long := func(seconds int) func(context.Context, func(int, func() image.Image)) (Result, error) {
		return func(ctx context.Context, _ func(int, func() image.Image)) (Result, error) {
			for range seconds {
				if ctx.Err() != nil {
					return Result{}, context.Cause(ctx)
				}
				time.Sleep(time.Second)
			}
			return oneImage, nil
		}
	}
	cases := map[string]struct {
		b    *fake
		want []string
	}{
		"a picture that is soon ready is finished": {
			&fake{render: long(12)}, []string{"lease 1", "render 1", "seal 1", "post 1", "done 1"},
		},
		"a long one is given back": {&fake{render: long(100)}, []string{"lease 1", "render 1", "release 1"}},
		"so is one that cannot be posted": {
			&fake{post: func(context.Context) (queue.Outcome, error) { return queue.Outcome{}, errNet }},
			[]string{"lease 1", "render 1", "seal 1", "post 1", "release 1"},
		},
		"the queue is deaf": {
			&fake{render: long(100), endErr: func() error { return errNet }}, []string{"lease 1", "render 1", "release 1"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				b := startWorker(t, c.b, job("1"), job("2"))
				time.Sleep(2 * time.Second)
				b.stop()
				at := time.Now()
				<-b.stopped
				if d := time.Since(at); d > 2*grace+2*time.Second {
					t.Errorf("stopped after %v", d)
				}
				b.calls = slices.Compact(b.calls) // the same call again and again
				b.wantCalls(t, c.want...)
			})
		})
	}
}

func TestACancelIsHeardWhileStopping(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var noticed time.Duration
		at := time.Now()
		b := &fake{render: renderUntilCancelled(&noticed, &at)}
		startWorker(t, b, job("1"))
		time.Sleep(time.Second)
		b.stop()
		b.events <- queue.Event{Kind: queue.CancelRequested, Job: "1"}
		<-b.stopped
		b.wantCalls(t, "lease 1", "render 1", "confirm-cancel 1")
	})
}

func TestJobGoesBackWhenTheQueueLostItsInput(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{}
		b.render = func(context.Context, func(int, func() image.Image)) (Result, error) {
			return Result{}, fmt.Errorf("read input: %w", queue.ErrEpoch)
		}
		startWorker(t, b, job("1")).finish()
		b.wantCalls(t, "lease 1", "render 1", "release 1") // it is no failure of the job
	})
}
