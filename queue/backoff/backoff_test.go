package backoff

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// wait returns how long one wait took.
func wait(t *testing.T, b *Backoff) time.Duration {
	t.Helper()
	began := time.Now()
	if err := b.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}

func TestWaitsDoubleUpToTheLongest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := New(time.Second, 20*time.Second)
		for _, seconds := range []int{1, 2, 4, 8, 16, 16, 16} {
			middle := time.Duration(seconds) * time.Second
			if took := wait(t, b); took < middle*3/4 || took > middle*5/4 {
				t.Errorf("wait: got %v, want %v give or take a quarter", took, middle)
			}
		}
		b.Reset()
		if took := wait(t, b); took > 5*time.Second/4 {
			t.Errorf("wait after a reset: got %v, want the first", took)
		}
	})
}

func TestLongestWaitStaysRandom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, waits := New(time.Second, time.Second), map[time.Duration]bool{}
		for range 50 {
			took := wait(t, b)
			waits[took] = true
			if took > time.Second {
				t.Fatalf("wait: got %v, want at most a second", took)
			}
		}
		if len(waits) < 10 {
			t.Errorf("got %d different waits of 50, want chance in them", len(waits))
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("no more")
		ended, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		if err := New(time.Hour, time.Hour).Wait(ended); !errors.Is(err, why) {
			t.Errorf("wait: got %v, want why the context ended", err)
		}
	})
}
