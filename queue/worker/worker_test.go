package worker

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

// failTimes returns err for the first n calls.
func failTimes(n int, err error) func() error {
	return func() error {
		if n--; n >= 0 {
			return err
		}
		return nil
	}
}

func TestRunsJobsInSequence(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := startWorker(t, &fake{}, job("1"), job("2"))
		b.finish()
		b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1", "done 1", "lease 2", "render 2", "seal 2", "post 2",
			"done 2")
		if b.actual != 10_000 || b.outcome.Message != "5" || b.outcome.Millis["denoise"] != 9 ||
			b.outcome.Files[0].Seed != 7 {
			t.Errorf("took %d ms, outcome %+v; want ten seconds and what was made", b.actual, b.outcome)
		}
		if _, ok := b.outcome.Millis["post"]; !ok {
			t.Error("the time of the post is missing")
		}
		b.wantLogged(t, "secret", false)
		b.wantLogged(t, "hush", false)
		if b.reaps < 10 {
			t.Errorf("reaped %d times in a minute", b.reaps)
		}
	})
}

func TestIdleWorkerWakesOnEvent(t *testing.T) {
	for _, kind := range []queue.EventKind{queue.JobQueued, queue.JobDone, queue.JobFailed, queue.JobCancelled,
		queue.EpochBegan, queue.PausesChanged} {
		t.Run(string(kind), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				b := startWorker(t, &fake{})
				synctest.Wait()
				b.addJob(job("1"))
				b.events <- queue.Event{Kind: kind, Job: "1"}
				synctest.Wait() // no time has passed
				b.wantCalls(t, "lease 1", "render 1")
				b.stop()
				<-b.stopped
			})
		})
	}
}

func TestIdleWorkerPolls(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := startWorker(t, &fake{})
		synctest.Wait()
		b.addJob(job("1"))
		time.Sleep(3 * time.Second)
		b.wantCalls(t, "lease 1", "render 1")
		b.stop()
		<-b.stopped
	})
}

func TestUnansweredReserveKeepsItsNonce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{reserve: failTimes(3, errNet)}
		startWorker(t, b, job("1")).finish()
		b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1", "done 1")
		if n := slices.Compact(slices.Clone(b.nonces[:4])); len(n) != 1 {
			t.Errorf("nonces %q, want the same four times", b.nonces[:4])
		}
		if b.nonces[4] == b.nonces[3] {
			t.Error("an answered call's nonce was used again")
		}
		b.wantLogged(t, "network is down", true)
	})
}

func TestAnEmptiedQueueIsWaitedFor(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{reserve: failTimes(5, queue.ErrEpoch)}
		startWorker(t, b, job("1")).finish()
		b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1", "done 1")
		b.wantLogged(t, "cannot reserve jobs", false)
	})
}

func TestRunNeedsAllParts(t *testing.T) {
	t.Parallel()
	b := &fake{}
	for name, worker := range map[string]Worker{
		"no queue": {Renderer: b, Poster: b, Options: Options{Slot: "w", Lanes: func() []queue.Lane { return nil }}},
		"no slot":  {Queue: b, Renderer: b, Poster: b, Options: Options{Lanes: func() []queue.Lane { return nil }}},
	} {
		if err := worker.Run(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFindPosted(t *testing.T) {
	cases := map[string]struct {
		b    *fake
		want []string
	}{
		"found posted": {
			&fake{findPosted: func(context.Context) (bool, queue.Outcome, error) {
				return true, queue.Outcome{Message: "3"}, nil
			}},
			[]string{"lease 1", "find 1", "done 1"},
		},
		"not posted": {&fake{}, []string{"lease 1", "find 1", "render 1", "seal 1", "post 1", "done 1"}},
		"a fault that passes": {
			&fake{findPosted: func() func(context.Context) (bool, queue.Outcome, error) {
				fault := failTimes(2, errNet)
				return func(context.Context) (bool, queue.Outcome, error) { return true, queue.Outcome{}, fault() }
			}()},
			[]string{"lease 1", "find 1", "find 1", "find 1", "done 1"},
		},
		"a fault that stays": {
			&fake{findPosted: func(context.Context) (bool, queue.Outcome, error) {
				return false, queue.Outcome{}, Final("gone", errNet)
			}},
			[]string{"lease 1", "find 1", "fail 1 retry=false", "post-failure 1"},
		},
		"a panic": {
			&fake{findPosted: func(context.Context) (bool, queue.Outcome, error) { panic("oh") }},
			[]string{"lease 1", "find 1", "fail 1 retry=true"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				b := startWorker(t, c.b, maybePostedJob("1"))
				b.finish()
				b.wantCalls(t, c.want...)
				if slices.Contains(c.want, "done 1") && b.outcome.Delivered == "" {
					t.Error("an outcome without Delivered")
				}
			})
		})
	}
}

func renderReturning(result Result, err error) func(context.Context, func(int, func() image.Image)) (Result, error) {
	return func(context.Context, func(int, func() image.Image)) (Result, error) { return result, err }
}

func TestRenderFails(t *testing.T) {
	cases := map[string]struct {
		b      *fake
		want   []string
		reason string
	}{
		"it may help to try again": {
			&fake{render: renderReturning(Result{}, errNet)},
			[]string{"lease 1", "render 1", "fail 1 retry=true"}, "something went wrong while generating the image",
		},
		"it failed too often": {
			&fake{render: renderReturning(Result{}, errNet), fail: func() (bool, error) { return true, nil }},
			[]string{"lease 1", "render 1", "fail 1 retry=true",
				"post-failure 1"}, "something went wrong while generating the image",
		},
		"nothing can help": {
			&fake{render: renderReturning(Result{}, Final("this model is not here", errNet)), postFailure: failTimes(1, errNet)},
			[]string{"lease 1", "render 1", "fail 1 retry=false", "post-failure 1"}, "this model is not here",
		},
		"the queue is deaf for a while": {
			&fake{render: renderReturning(Result{}, errNet), fail: func() func() (bool, error) {
				fault := failTimes(1, errNet)
				return func() (bool, error) { return false, fault() }
			}()},
			[]string{"lease 1", "render 1", "fail 1 retry=true",
				"fail 1 retry=true"}, "something went wrong while generating the image",
		},
		"the queue was emptied": {
			&fake{render: renderReturning(Result{}, errNet), fail: func() (bool, error) { return false, queue.ErrEpoch }},
			[]string{"lease 1", "render 1", "fail 1 retry=true"}, "something went wrong while generating the image",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				b := startWorker(t, c.b, job("1"))
				b.finish()
				b.wantCalls(t, c.want...)
				if b.reason != c.reason {
					t.Errorf("reason %q, want %q", b.reason, c.reason)
				}
			})
		})
	}
}

func TestPanicFailsOneJobOnly(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		calls := 0
		b := &fake{}
		b.render = func(context.Context, func(int, func() image.Image)) (Result, error) {
			if calls++; calls == 1 {
				panic("a secret garden has the wrong shape")
			}
			return oneImage, nil
		}
		startWorker(t, b, job("1"), job("2")).finish()
		b.wantCalls(t, "lease 1", "render 1", "fail 1 retry=false", "post-failure 1", "lease 2", "render 2", "seal 2",
			"post 2", "done 2")
		b.wantLogged(t, "worker_test.go", true) // the stack
		b.wantLogged(t, "secret", false)
		if b.reason != "the model failed" {
			t.Errorf("reason %q", b.reason)
		}
	})
}

func TestRuntimePanicIsLogged(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{}
		b.render = func(context.Context, func(int, func() image.Image)) (Result, error) {
			var none []int
			return Result{}, errors.New(string(rune(none[3])))
		}
		startWorker(t, b, job("1")).finish()
		b.wantLogged(t, "index out of range", true)
	})
}

func maybePostedJob(id string) queue.Job {
	j := job(id)
	j.MaybePosted = true
	return j
}
