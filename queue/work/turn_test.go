package work

import (
	"context"
	"errors"
	"image"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/queue"
)

func TestTheLeaseIsLostInMidPicture(t *testing.T) {
	cases := map[string]func(queue.Held) (queue.Verdict, error){
		"somebody else's": func(queue.Held) (queue.Verdict, error) { return queue.Stale, nil },
		"emptied queue":   func(queue.Held) (queue.Verdict, error) { return queue.Epoch, nil },
		"no answer":       func(queue.Held) (queue.Verdict, error) { return "", errNet },
	}
	for name, beat := range cases {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var end time.Duration
				b := &bureau{beat: beat}
				b.paint = func(ctx context.Context, _ func(int, func() image.Image)) (Made, error) {
					began := time.Now()
					<-ctx.Done()
					end = time.Since(began)
					return Made{}, context.Cause(ctx)
				}
				open(t, b, job("1")).over()
				b.was(t, "lease 1", "paint 1") // and not a word
				if end >= lease {
					t.Errorf("dropped after %v, want it before the lease ended", end)
				}
			})
		})
	}
}

func TestALeaseThatIsLostAfterTheSealEndsThePost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var stale atomic.Bool
		b := &bureau{}
		b.beat = func(queue.Held) (queue.Verdict, error) {
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
		open(t, b, job("1")).over()
		b.was(t, "lease 1", "paint 1", "seal 1", "post 1")
	})
}

func TestBeatsKeepALongPicture(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{}
		fault := 0
		b.beat = func(queue.Held) (queue.Verdict, error) { // every other one gets lost
			if fault++; fault%2 == 0 {
				return "", errNet
			}
			return queue.OK, nil
		}
		b.paint = func(ctx context.Context, p func(int, func() image.Image)) (Made, error) {
			for i := range 50 {
				time.Sleep(6 * time.Second)
				p(2*i+2, nil)
			}
			return onePicture, nil
		}
		open(t, b, job("1"))
		time.Sleep(6 * time.Minute)
		b.over()
		b.was(t, "lease 1", "paint 1", "seal 1", "post 1", "done 1")
		if b.beats < 300/10 {
			t.Errorf("%d beats in five minutes", b.beats)
		}
	})
}

// stubborn paints until ctx ends and tells how long it took to notice.
func stubborn(noticed *time.Duration, sinceWhen *time.Time) func(context.Context, func(int, func() image.Image)) (Made, error) {
	return func(ctx context.Context, p func(int, func() image.Image)) (Made, error) {
		for ctx.Err() == nil {
			time.Sleep(time.Second)
			p(50, nil)
		}
		*noticed = time.Since(*sinceWhen)
		return Made{}, context.Cause(ctx)
	}
}

func TestCancelInMidPicture(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var noticed time.Duration
		var at time.Time
		b := &bureau{paint: stubborn(&noticed, &at)}
		open(t, b, job("1"))
		time.Sleep(3500 * time.Millisecond)
		b.events <- queue.Event{Kind: queue.Cancel, Job: "another"}
		time.Sleep(2 * time.Second)
		b.was(t, "lease 1", "paint 1")
		at = time.Now()
		b.events <- queue.Event{Kind: queue.Cancel, Job: "1"}
		time.Sleep(1500 * time.Millisecond)
		b.was(t, "lease 1", "paint 1", "stopped 1")
		if noticed > time.Second {
			t.Errorf("noticed after %v, want within a step", noticed)
		}
		b.over()
	})
}

func TestCancelIsNoticedByTheBeat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{beat: func(queue.Held) (queue.Verdict, error) { return queue.Cancelled, nil }}
		b.paint = func(ctx context.Context, _ func(int, func() image.Image)) (Made, error) {
			<-ctx.Done()
			return Made{}, errors.New("interrupted")
		}
		open(t, b, job("1"))
		synctest.Wait() // at once: the first beat does not wait
		b.was(t, "lease 1", "paint 1", "stopped 1")
		b.over()
	})
}

func TestACancelThatThePainterOverlookedStillCounts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{}
		b.paint = func(ctx context.Context, _ func(int, func() image.Image)) (Made, error) {
			<-ctx.Done()
			return onePicture, nil
		}
		open(t, b, job("1"))
		synctest.Wait()
		b.events <- queue.Event{Kind: queue.Cancel, Job: "1"}
		b.over()
		b.was(t, "lease 1", "paint 1", "stopped 1")
	})
}

func TestCancelWhileLookingIsHeardAfterwards(t *testing.T) {
	for name, found := range map[string]bool{"found posted": true, "not posted": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := &bureau{beat: func(queue.Held) (queue.Verdict, error) { return queue.Cancelled, nil }}
				b.look = func(ctx context.Context) (bool, queue.Outcome, error) {
					time.Sleep(time.Second)
					return found, queue.Outcome{}, ctx.Err()
				}
				open(t, b, lookJob("1")).over()
				want := []string{"lease 1", "look 1", "stopped 1"}
				if found {
					want = []string{"lease 1", "look 1", "done 1"}
				}
				b.was(t, want...)
			})
		})
	}
}

func TestCancelAfterTheSealChangesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{}
		b.post = func(ctx context.Context) (queue.Outcome, error) {
			b.events <- queue.Event{Kind: queue.Cancel, Job: "1"}
			synctest.Wait()
			return queue.Outcome{Delivered: "posted"}, ctx.Err()
		}
		open(t, b, job("1")).over()
		b.was(t, "lease 1", "paint 1", "seal 1", "post 1", "done 1")
	})
}

func TestStopping(t *testing.T) {
	long := func(seconds int) func(context.Context, func(int, func() image.Image)) (Made, error) {
		return func(ctx context.Context, _ func(int, func() image.Image)) (Made, error) {
			for range seconds {
				if ctx.Err() != nil {
					return Made{}, context.Cause(ctx)
				}
				time.Sleep(time.Second)
			}
			return onePicture, nil
		}
	}
	cases := map[string]struct {
		b    *bureau
		want []string
	}{
		"a picture that is soon ready is finished": {
			&bureau{paint: long(12)}, []string{"lease 1", "paint 1", "seal 1", "post 1", "done 1"},
		},
		"a long one is given back": {&bureau{paint: long(100)}, []string{"lease 1", "paint 1", "release 1"}},
		"so is one that cannot be posted": {
			&bureau{post: func(context.Context) (queue.Outcome, error) { return queue.Outcome{}, errNet }},
			[]string{"lease 1", "paint 1", "seal 1", "post 1", "release 1"},
		},
		"the queue is deaf": {
			&bureau{paint: long(100), ended: func() error { return errNet }}, []string{"lease 1", "paint 1", "release 1"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, c.b, job("1"), job("2"))
				time.Sleep(2 * time.Second)
				b.stop()
				at := time.Now()
				<-b.stopped
				if d := time.Since(at); d > 2*grace+2*time.Second {
					t.Errorf("stopped after %v", d)
				}
				b.calls = slices.Compact(b.calls) // the same call again and again
				b.was(t, c.want...)
			})
		})
	}
}

func TestACancelIsHeardWhileStopping(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var noticed time.Duration
		at := time.Now()
		b := &bureau{paint: stubborn(&noticed, &at)}
		open(t, b, job("1"))
		time.Sleep(time.Second)
		b.stop()
		b.events <- queue.Event{Kind: queue.Cancel, Job: "1"}
		<-b.stopped
		b.was(t, "lease 1", "paint 1", "stopped 1")
	})
}
