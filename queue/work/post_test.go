package work

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
	silent := []string{"lease 1", "paint 1", "seal 1"}
	cases := map[string]struct {
		seal func() (queue.Verdict, error)
		want []string
	}{
		"cancelled": {verdict(queue.Cancelled, nil), silent},
		"stale":     {verdict(queue.Stale, nil), silent},
		"emptied":   {verdict(queue.Epoch, nil), silent},
		"a fault that passes": {
			func() func() (queue.Verdict, error) {
				fault := times(2, errNet)
				return func() (queue.Verdict, error) { return queue.OK, fault() }
			}(),
			[]string{"lease 1", "paint 1", "seal 1", "seal 1", "seal 1", "post 1", "done 1"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &bureau{seal: c.seal}, job("1"))
				b.over()
				b.was(t, c.want...)
			})
		})
	}
}

func TestWithoutASealNothingIsPosted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &bureau{seal: func() (queue.Verdict, error) { return "", errNet }}, job("1"))
		b.over()
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
		"a fault that passes": {times(2, errNet), []string{"post 1", "post 1", "post 1", "done 1"}},
		"nothing can help":    {times(1, Final("the place is gone", errNet)), []string{"post 1", "fail 1 retry=false", "sorry 1"}},
		"a panic":             {func() error { panic(1) }, []string{"post 1", "fail 1 retry=true"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &bureau{post: func(context.Context) (queue.Outcome, error) { return queue.Outcome{}, c.fault() }}, job("1"))
				b.over()
				b.was(t, append([]string{"lease 1", "paint 1", "seal 1"}, c.want...)...)
			})
		})
	}
}

func TestAPostIsTriedForALeasesTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var first, last time.Time
		b := &bureau{post: func(context.Context) (queue.Outcome, error) {
			if last = time.Now(); first.IsZero() {
				first = last
			}
			return queue.Outcome{}, errNet
		}}
		open(t, b, job("1")).over()
		if d := last.Sub(first); d > lease || d < lease/4 {
			t.Errorf("tried for %v, want up to %v", d, lease)
		}
		if got := b.calls[len(b.calls)-1]; got != "release 1" {
			t.Errorf("ended with %q", got)
		}
	})
}

func TestAnOutageOfThePlaceThatIsPostedToEndsNoJob(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		over := func() error { // the outage lasts a quarter of an hour
			if time.Since(began) < 15*time.Minute {
				return errNet
			}
			return nil
		}
		b := &bureau{
			post: func(context.Context) (queue.Outcome, error) { return queue.Outcome{}, over() },
			look: func(context.Context) (bool, queue.Outcome, error) { return false, queue.Outcome{}, over() },
		}
		released := 0
		b.ended = func() error {
			if last := b.calls[len(b.calls)-1]; last == "release 1" || last == "postpone 1" { // as the queue does with a sealed one
				released++
				b.give(lookJob("1"))
			}
			return nil
		}
		open(t, b, job("1"))
		time.Sleep(16 * time.Minute)
		b.stop()
		<-b.stopped
		painted := 0
		for _, c := range b.calls {
			if c == "paint 1" {
				painted++
			}
		}
		if got := b.calls[len(b.calls)-1]; got != "done 1" || painted != 2 || b.reason != "" {
			t.Errorf("ended with %q after %d paintings, failed with %q; want it done after two, never failed", got, painted, b.reason)
		}
		if released < 10 || released > 15*60/8 {
			t.Errorf("given back %d times in a quarter of an hour", released)
		}
	})
}

func TestAJobThatCannotBePostedLetsOthersGoFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{
			post: func(context.Context) (queue.Outcome, error) { return queue.Outcome{}, errNet },
			look: func(context.Context) (bool, queue.Outcome, error) { return false, queue.Outcome{}, nil },
		}
		open(t, b, lookJob("1")).over()
		if got := b.calls[len(b.calls)-1]; got != "postpone 1" || b.reason != "" {
			t.Errorf("ended with %q, failed with %q; want it postponed, never failed", got, b.reason)
		}
	})
}

func TestDoneIsRepeatedUntilItIsHeard(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &bureau{ended: times(3, errNet)}, job("1"), job("2"))
		time.Sleep(15 * time.Second)
		b.was(t, "lease 1", "paint 1", "seal 1", "post 1", "done 1", "done 1", "done 1", "done 1", "lease 2", "paint 2")
		b.stop()
		<-b.stopped
	})
}

func TestDoneThatIsNeverHeardIsLogged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &bureau{ended: func() error { return errNet }}, job("1"))
		b.over()
		b.logged(t, "did not hear", true)
	})
}
