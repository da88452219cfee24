package worker

import (
	"context"
	"slices"
	"testing"
	"time"

	"darkroom/queue"
)

func TestSealing(t *testing.T) {
	verdict := func(v queue.Verdict, err error) func() (queue.Verdict, error) {
		return func() (queue.Verdict, error) { return v, err }
	}
	silent := []string{"lease 1", "render 1", "seal 1"}
	cases := map[string]struct {
		seal func() (queue.Verdict, error)
		want []string
	}{
		"cancelled": {verdict(queue.Cancelled, nil), silent},
		"stale":     {verdict(queue.Stale, nil), silent},
		"emptied":   {verdict(queue.EpochChanged, nil), silent},
		"a fault that passes": {
			func() func() (queue.Verdict, error) {
				fault := failTimes(2, errNet)
				return func() (queue.Verdict, error) { return queue.OK, fault() }
			}(),
			[]string{"lease 1", "render 1", "seal 1", "seal 1", "seal 1", "post 1", "done 1"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				b := startWorker(t, &fake{seal: c.seal}, job("1"))
				b.finish()
				b.wantCalls(t, c.want...)
			})
		})
	}
}

func TestWithoutASealNothingIsPosted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := startWorker(t, &fake{seal: func() (queue.Verdict, error) { return "", errNet }}, job("1"))
		b.finish()
		b.mu.Lock()
		defer b.mu.Unlock()
		if slices.Contains(b.calls, "post 1") || b.calls[len(b.calls)-1] != "fail 1 retry=true" {
			t.Errorf("calls %q: want no post, and a fail at the end", b.calls)
		}
	})
}

func TestPosting(t *testing.T) {
	cases := map[string]struct {
		fault func() error
		want  []string
	}{
		"a fault that passes": {failTimes(2, errNet), []string{"post 1", "post 1", "post 1", "done 1"}},
		"nothing can help": {failTimes(1, Final("the place is gone", errNet)),
			[]string{"post 1", "fail 1 retry=false", "post-failure 1"}},
		"a panic": {func() error { panic(1) }, []string{"post 1", "fail 1 retry=true"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				post := func(context.Context) (queue.Outcome, error) { return queue.Outcome{}, c.fault() }
				b := startWorker(t, &fake{post: post}, job("1"))
				b.finish()
				b.wantCalls(t, append([]string{"lease 1", "render 1", "seal 1"}, c.want...)...)
			})
		})
	}
}

func TestAPostIsTriedForALeasesTime(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var first, last time.Time
		b := &fake{post: func(context.Context) (queue.Outcome, error) {
			if last = time.Now(); first.IsZero() {
				first = last
			}
			return queue.Outcome{}, errNet
		}}
		startWorker(t, b, job("1")).finish()
		if d := last.Sub(first); d > lease || d < lease/4 {
			t.Errorf("tried for %v, want up to %v", d, lease)
		}
		if got := b.calls[len(b.calls)-1]; got != "release 1" {
			t.Errorf("ended with %q", got)
		}
	})
}

func TestPostingOutageEndsNoJob(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		began := time.Now()
		over := func() error { // the outage lasts a quarter of an hour
			if time.Since(began) < 15*time.Minute {
				return errNet
			}
			return nil
		}
		b := &fake{
			post:       func(context.Context) (queue.Outcome, error) { return queue.Outcome{}, over() },
			findPosted: func(context.Context) (bool, queue.Outcome, error) { return false, queue.Outcome{}, over() },
		}
		released := 0
		b.endErr = func() error {
			if last := b.calls[len(b.calls)-1]; last == "release 1" ||
				last == "postpone 1" { // as the queue does with a sealed job
				released++
				b.addJob(maybePostedJob("1"))
			}
			return nil
		}
		startWorker(t, b, job("1"))
		time.Sleep(16 * time.Minute)
		b.stop()
		<-b.stopped
		rendered := 0
		for _, c := range b.calls {
			if c == "render 1" {
				rendered++
			}
		}
		if got := b.calls[len(b.calls)-1]; got != "done 1" || rendered != 2 || b.reason != "" {
			t.Errorf("ended with %q after %d renderings, failed with %q; want it done after two, never failed", got, rendered,
				b.reason)
		}
		if released < 10 || released > 15*60/8 {
			t.Errorf("given back %d times in a quarter of an hour", released)
		}
	})
}

func TestUnpostableJobIsPostponed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{
			post:       func(context.Context) (queue.Outcome, error) { return queue.Outcome{}, errNet },
			findPosted: func(context.Context) (bool, queue.Outcome, error) { return false, queue.Outcome{}, nil },
		}
		startWorker(t, b, maybePostedJob("1")).finish()
		if got := b.calls[len(b.calls)-1]; got != "postpone 1" || b.reason != "" {
			t.Errorf("ended with %q, failed with %q; want it postponed, never failed", got, b.reason)
		}
	})
}

func TestDoneIsRetried(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := startWorker(t, &fake{endErr: failTimes(3, errNet)}, job("1"), job("2"))
		time.Sleep(15 * time.Second)
		b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1", "done 1", "done 1", "done 1", "done 1", "lease 2",
			"render 2")
		b.stop()
		<-b.stopped
	})
}

func TestUnreportedDoneIsLogged(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := startWorker(t, &fake{endErr: func() error { return errNet }}, job("1"))
		b.finish()
		b.wantLogged(t, "cannot report", true)
	})
}
