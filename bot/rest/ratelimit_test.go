package rest

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// headers are those of an answer that tells how much of a bucket is left.
func headers(remaining int, resetAfter time.Duration) http.Header {
	h := http.Header{}
	h.Set("X-RateLimit-Remaining", fmt.Sprint(remaining))
	h.Set("X-RateLimit-Reset-After", fmt.Sprint(resetAfter.Seconds()))
	return h
}

// startLimiter returns a limiter with a clock that stands still until the test moves it.
func startLimiter() (*limiter, *time.Time) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l := newLimiter(func() time.Time { return now })
	return l, &now
}

func TestLimiterUpdate(t *testing.T) {
	const route = "PATCH channel 1"
	t.Run("an older answer that comes late does not refill the bucket", func(t *testing.T) {
		l, now := startLimiter()
		l.reserve(route, false)
		l.update(route, headers(0, 5*time.Second))
		*now = now.Add(100 * time.Millisecond)
		l.update(route, headers(3, 4900*time.Millisecond)) // of the same window, sent before
		if pause := l.reserve(route, false); pause <= 0 {
			t.Errorf("pause %v, want to wait for the end of the window", pause)
		}
	})
	t.Run("a new window refills the bucket", func(t *testing.T) {
		l, now := startLimiter()
		l.reserve(route, false)
		l.update(route, headers(0, 5*time.Second))
		*now = now.Add(3 * time.Second)
		l.update(route, headers(4, 5*time.Second)) // its window ends three seconds later
		if pause := l.reserve(route, false); pause != 0 {
			t.Errorf("pause %v, want none", pause)
		}
	})
	t.Run("a newer answer of the same window empties the bucket", func(t *testing.T) {
		l, _ := startLimiter()
		l.reserve(route, false)
		l.update(route, headers(3, 5*time.Second))
		l.update(route, headers(0, 5*time.Second))
		if pause := l.reserve(route, false); pause != 5*time.Second {
			t.Errorf("pause %v, want 5s", pause)
		}
	})
}

func TestLimiterIdle(t *testing.T) {
	const route = "PATCH channel 1"
	l, now := startLimiter()
	want := func(when string, idle bool) {
		t.Helper()
		if got := l.idle(route); got != idle {
			t.Errorf("%s: got idle %v, want %v", when, got, idle)
		}
	}
	want("a route that nobody used", true)
	l.reserve(route, false)
	l.update(route, headers(2, 5*time.Second))
	want("two places left", true)
	l.update(route, headers(1, 5*time.Second))
	want("the last place", false)
	*now = now.Add(6 * time.Second)
	want("a window that is over", true)
	l.block(route, true, time.Minute)
	want("a limit for all routes", false)
	*now = now.Add(2 * time.Minute)
	want("after it", true)
	for range globalRate/2 + 1 {
		l.global.AllowN(time.Now(), 1)
	}
	want("half of the global limit used up", false)
}

func TestLimiterSweep(t *testing.T) {
	l, now := startLimiter()
	for i := range 3 {
		l.reserve(fmt.Sprint("webhook ", i), true)
	}
	*now = now.Add(bucketIdle)
	l.reserve("webhook 0", true) // used again, and not yet idle for longer than the others may be
	if len(l.buckets) != 3 {
		t.Errorf("%d buckets after %v, want 3: none is idle for longer than that", len(l.buckets), bucketIdle)
	}
	*now = now.Add(2 * time.Minute)
	l.reserve("webhook 0", true)
	if len(l.buckets) != 1 || l.buckets["webhook 0"] == nil {
		t.Errorf("%d buckets, want the used one alone", len(l.buckets))
	}
	l.reserve("webhook 9", true)
	*now = now.Add(30 * time.Second)
	l.buckets["webhook 9"].used = now.Add(-2 * bucketIdle)
	l.reserve("webhook 0", true)
	if l.buckets["webhook 9"] == nil {
		t.Error("a second sweep within a minute, want at most one")
	}
}
