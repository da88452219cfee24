package work

import (
	"context"
	"errors"
	"image"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/queue"
)

var errNet = errors.New("the network is down")

// times returns err for the first n calls.
func times(n int, err error) func() error {
	return func() error {
		if n--; n >= 0 {
			return err
		}
		return nil
	}
}

func TestOneJobAfterTheOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &bureau{}, job("1"), job("2"))
		b.over()
		b.was(t, "lease 1", "paint 1", "seal 1", "post 1", "done 1", "lease 2", "paint 2", "seal 2", "post 2", "done 2")
		if b.actual != 10_000 || b.outcome.Message != "5" || b.outcome.Millis["denoise"] != 9 || b.outcome.Files[0].Seed != 7 {
			t.Errorf("took %d ms, outcome %+v; want ten seconds and what was made", b.actual, b.outcome)
		}
		if _, ok := b.outcome.Millis["post"]; !ok {
			t.Error("the time of the post is missing")
		}
		b.logged(t, "secret", false)
		b.logged(t, "hush", false)
		if b.reaps < 10 {
			t.Errorf("reaped %d times in a minute", b.reaps)
		}
	})
}

func TestAnIdleBenchWakesByAnEvent(t *testing.T) {
	for _, kind := range []queue.Kind{queue.Queued, queue.Done, queue.Failed, queue.Gone, queue.NewEpoch, queue.Pausing} {
		t.Run(string(kind), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &bureau{})
				synctest.Wait()
				b.give(job("1"))
				b.events <- queue.Event{Kind: kind, Job: "1"}
				synctest.Wait() // no time has passed
				b.was(t, "lease 1", "paint 1")
				b.stop()
				<-b.stopped
			})
		})
	}
}

func TestAnIdleBenchAsksWithoutAnEvent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &bureau{})
		synctest.Wait()
		b.give(job("1"))
		time.Sleep(3 * time.Second)
		b.was(t, "lease 1", "paint 1")
		b.stop()
		<-b.stopped
	})
}

func TestACallThatWasNotAnsweredKeepsItsNonce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{reserve: times(3, errNet)}
		open(t, b, job("1")).over()
		b.was(t, "lease 1", "paint 1", "seal 1", "post 1", "done 1")
		if n := slices.Compact(slices.Clone(b.nonces[:4])); len(n) != 1 {
			t.Errorf("nonces %q, want the same four times", b.nonces[:4])
		}
		if b.nonces[4] == b.nonces[3] {
			t.Error("an answered call's nonce was used again")
		}
		b.logged(t, "network is down", true)
	})
}

func TestAnEmptiedQueueIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{reserve: times(5, queue.ErrEpoch)}
		open(t, b, job("1")).over()
		b.was(t, "lease 1", "paint 1", "seal 1", "post 1", "done 1")
		b.logged(t, "no jobs can be had", false)
	})
}

func TestABenchNeedsItsParts(t *testing.T) {
	t.Parallel()
	b := &bureau{}
	for name, bench := range map[string]Bench{
		"no queue": {Paint: b, Post: b, Options: Options{Slot: "w", Lanes: func() []queue.Lane { return nil }}},
		"no slot":  {Queue: b, Paint: b, Post: b, Options: Options{Lanes: func() []queue.Lane { return nil }}},
	} {
		if err := bench.Run(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLook(t *testing.T) {
	cases := map[string]struct {
		b    *bureau
		want []string
	}{
		"found posted": {
			&bureau{look: func(context.Context) (bool, queue.Outcome, error) { return true, queue.Outcome{Message: "3"}, nil }},
			[]string{"lease 1", "look 1", "done 1"},
		},
		"not posted": {&bureau{}, []string{"lease 1", "look 1", "paint 1", "seal 1", "post 1", "done 1"}},
		"a fault that passes": {
			&bureau{look: func() func(context.Context) (bool, queue.Outcome, error) {
				fault := times(2, errNet)
				return func(context.Context) (bool, queue.Outcome, error) { return true, queue.Outcome{}, fault() }
			}()},
			[]string{"lease 1", "look 1", "look 1", "look 1", "done 1"},
		},
		"a fault that stays": {
			&bureau{look: func(context.Context) (bool, queue.Outcome, error) {
				return false, queue.Outcome{}, Final("gone", errNet)
			}},
			[]string{"lease 1", "look 1", "fail 1 retry=false", "sorry 1"},
		},
		"a panic": {
			&bureau{look: func(context.Context) (bool, queue.Outcome, error) { panic("oh") }},
			[]string{"lease 1", "look 1", "fail 1 retry=true"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, c.b, lookJob("1"))
				b.over()
				b.was(t, c.want...)
				if slices.Contains(c.want, "done 1") && b.outcome.Delivered == "" {
					t.Error("an outcome without Delivered")
				}
			})
		})
	}
}

func painted(made Made, err error) func(context.Context, func(int, func() image.Image)) (Made, error) {
	return func(context.Context, func(int, func() image.Image)) (Made, error) { return made, err }
}

func TestPaintingFails(t *testing.T) {
	cases := map[string]struct {
		b      *bureau
		want   []string
		reason string
	}{
		"it may help to try again": {
			&bureau{paint: painted(Made{}, errNet)},
			[]string{"lease 1", "paint 1", "fail 1 retry=true"}, "something went wrong while painting",
		},
		"it failed too often": {
			&bureau{paint: painted(Made{}, errNet), fail: func() (bool, error) { return true, nil }},
			[]string{"lease 1", "paint 1", "fail 1 retry=true", "sorry 1"}, "something went wrong while painting",
		},
		"nothing can help": {
			&bureau{paint: painted(Made{}, Final("this model is not here", errNet)), sorry: times(1, errNet)},
			[]string{"lease 1", "paint 1", "fail 1 retry=false", "sorry 1"}, "this model is not here",
		},
		"the queue is deaf for a while": {
			&bureau{paint: painted(Made{}, errNet), fail: func() func() (bool, error) {
				fault := times(1, errNet)
				return func() (bool, error) { return false, fault() }
			}()},
			[]string{"lease 1", "paint 1", "fail 1 retry=true", "fail 1 retry=true"}, "something went wrong while painting",
		},
		"the queue was emptied": {
			&bureau{paint: painted(Made{}, errNet), fail: func() (bool, error) { return false, queue.ErrEpoch }},
			[]string{"lease 1", "paint 1", "fail 1 retry=true"}, "something went wrong while painting",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, c.b, job("1"))
				b.over()
				b.was(t, c.want...)
				if b.reason != c.reason {
					t.Errorf("reason %q, want %q", b.reason, c.reason)
				}
			})
		})
	}
}

func TestAPanicFailsOneJobAndTheBenchGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := 0
		b := &bureau{}
		b.paint = func(context.Context, func(int, func() image.Image)) (Made, error) {
			if calls++; calls == 1 {
				panic("a secret garden has the wrong shape")
			}
			return onePicture, nil
		}
		open(t, b, job("1"), job("2")).over()
		b.was(t, "lease 1", "paint 1", "fail 1 retry=false", "sorry 1", "lease 2", "paint 2", "seal 2", "post 2", "done 2")
		b.logged(t, "bench_test.go", true) // the stack
		b.logged(t, "secret", false)
		if b.reason != "the model broke down over this picture" {
			t.Errorf("reason %q", b.reason)
		}
	})
}

func TestARuntimePanicIsNamed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{}
		b.paint = func(context.Context, func(int, func() image.Image)) (Made, error) {
			var none []int
			return Made{}, errors.New(string(rune(none[3])))
		}
		open(t, b, job("1")).over()
		b.logged(t, "index out of range", true)
	})
}

func lookJob(id string) queue.Job {
	j := job(id)
	j.Look = true
	return j
}
