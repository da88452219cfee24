package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// overload offers interactions at a steady rate to handlers that are slow, and counts those that were answered within
// Discord's three seconds, and how long the slowest of them took.
func overload(t *testing.T, perSecond int) (answered int, slowest time.Duration) {
	t.Helper()
	const (
		handlers = 8
		service  = 80 * time.Millisecond // so they can answer 100 a second
		period   = 20 * time.Second
	)
	synctest.Test(t, func(t *testing.T) {
		now := func() time.Time { return time.Now().AddDate(30, 0, 0) } // Discord's ids have no times before 2015
		in := newIntake(now, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		var mu sync.Mutex
		var done sync.WaitGroup
		for range handlers {
			done.Go(func() {
				for {
					req, ok := in.take(ctx)
					if !ok {
						return
					}
					time.Sleep(service)
					left := req.AnswerBy.Sub(now())
					mu.Lock()
					if left >= 0 {
						answered, slowest = answered+1, max(slowest, answerWithin-left)
					}
					mu.Unlock()
				}
			})
		}
		for n := range perSecond * int(period/time.Second) {
			id := snowflake(now(), n)
			_ = in.accept(json.RawMessage(`{"id":"` + id + `","token":"t","type":2,"data":{"name":"imagine"}}`))
			time.Sleep(time.Second / time.Duration(perSecond))
		}
		stop()
		done.Wait()
	})
	return answered, slowest
}

func TestIntakeUnderOverload(t *testing.T) {
	t.Parallel()
	peak, _ := overload(t, 100)
	for _, c := range []struct{ times, percent int }{{2, 80}, {5, 50}} {
		answered, slowest := overload(t, 100*c.times)
		if answered*100 < peak*c.percent {
			t.Errorf("at %d times the capacity: got %d answers, want at least %d %% of %d", c.times, answered, c.percent, peak)
		}
		if slowest > time.Second {
			t.Errorf("at %d times the capacity: the slowest answer took %v, want less than a second", c.times, slowest)
		}
		t.Logf("%d times the capacity: %d of %d answers, the slowest after %v", c.times, answered, peak, slowest)
	}
}
