package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"darkroom/queue/backoff"
)

const (
	// globalRate is Discord's limit on all requests of one bot. Source: topics/rate-limits.
	globalRate = 50
	// bucketIdle is how long an unused bucket is kept after its window: it says nothing any more. Each interaction has
	// buckets of its own, keyed by its token, so they would otherwise accumulate: 1 kB a job.
	bucketIdle = time.Minute
)

// limiter keeps requests within Discord's limits: one bucket per route and major parameter, and a gate for all.
// No bucket is locked while a request runs, so a slow edit delays no other.
type limiter struct {
	now    func() time.Time
	global *rate.Limiter

	mu          sync.Mutex
	globalUntil time.Time // before this, only requests of interactions may be sent
	buckets     map[string]*bucket
	swept       time.Time
}

// bucket is what Discord last said about one route.
type bucket struct {
	known     bool
	remaining int
	reset     time.Time
	used      time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, global: rate.NewLimiter(globalRate, globalRate), buckets: map[string]*bucket{}}
}

// wait blocks until a request on key may be sent and takes its place in the bucket. Interactions are outside the
// global limit.
func (l *limiter) wait(ctx context.Context, key string, interaction bool) error {
	for {
		pause := l.reserve(key, interaction)
		if pause <= 0 {
			break
		}
		if err := sleep(ctx, pause, key); err != nil {
			return err
		}
	}
	if interaction {
		return nil
	}
	return l.global.Wait(ctx)
}

// reserve returns how long to wait, or 0 after it took a place.
func (l *limiter) reserve(key string, interaction bool) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	if !interaction && now.Before(l.globalUntil) {
		return l.globalUntil.Sub(now)
	}
	b := l.buckets[key]
	if b == nil {
		b = &bucket{}
		l.buckets[key] = b
	}
	b.used = now
	if b.known && b.remaining <= 0 {
		if now.Before(b.reset) {
			return b.reset.Sub(now)
		}
		b.known = false // the window is over; the next answer names the new one
	}
	b.remaining--
	return 0
}

// idle tells whether a request on key could be sent at once and would leave room for others.
func (l *limiter) idle(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now.Before(l.globalUntil) || l.global.Tokens() < globalRate/2 {
		return false
	}
	b := l.buckets[key]
	return b == nil || !b.known || b.remaining > 1 || !now.Before(b.reset)
}

// update reads the headers of an answer.
func (l *limiter) update(key string, h http.Header) {
	remaining, err := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	if err != nil {
		return
	}
	after, err := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.buckets[key]; b != nil {
		reset := l.now().Add(seconds(after))
		// Answers can come out of order: within one window the smaller count is the later one.
		if b.known && b.remaining < remaining && reset.Sub(b.reset) < time.Second {
			remaining = b.remaining
		}
		b.known, b.remaining, b.reset = true, remaining, reset
	}
}

// block takes in a 429: nothing is sent on key, or nothing at all if the limit is global, until the wait is over.
func (l *limiter) block(key string, global bool, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	until := l.now().Add(wait)
	if global {
		l.globalUntil = until
		return
	}
	if b := l.buckets[key]; b != nil {
		b.known, b.remaining, b.reset = true, 0, until
	}
}

// retryAfter reads how long a 429 asks to wait, and whether it is global. An answer that does not say so in its body or
// a header comes from a proxy in front of Discord: then the wait is a minute.
func retryAfter(h http.Header, body []byte) (wait time.Duration, global bool) {
	var got struct {
		RetryAfter *float64 `json:"retry_after"`
		Global     bool     `json:"global"`
	}
	if json.Unmarshal(body, &got) == nil && got.RetryAfter != nil {
		return seconds(*got.RetryAfter), got.Global
	}
	if s, err := strconv.ParseFloat(h.Get("Retry-After"), 64); err == nil {
		return seconds(s), h.Get("X-RateLimit-Global") == "true"
	}
	return time.Minute, true
}

// sweep forgets idle buckets, at most once a minute.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for key, b := range l.buckets {
		if now.Sub(b.used) > bucketIdle && now.After(b.reset) {
			delete(l.buckets, key)
		}
	}
}

// sleep waits for d or until ctx ends. It refuses at once when ctx would end first.
func sleep(ctx context.Context, d time.Duration, route string) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return &waitTooLongError{route: Redact(route), wait: d}
	}
	return backoff.Sleep(ctx, d)
}

func seconds(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }
