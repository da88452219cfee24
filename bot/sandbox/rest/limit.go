package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limit is a number of requests per duration. Count 0 means no limit.
type Limit struct {
	Count int
	Per   time.Duration
}

// Limits are the rate limits of the API. They use real time, not the sandbox's clock, because real requests count.
type Limits struct {
	Webhook Limit // per interaction token and method
	Post    Limit // messages per channel
	Edit    Limit // edits per channel
	Other   Limit // per route
	Global  Limit // all requests with the bot token
}

// RealLimits are the limits that bots observe on Discord. Discord documents only the global one.
func RealLimits() Limits {
	return Limits{
		Webhook: Limit{5, 2 * time.Second},
		Post:    Limit{5, 5 * time.Second},
		Edit:    Limit{5, 5 * time.Second},
		Other:   Limit{20, time.Second},
		Global:  Limit{50, time.Second},
	}
}

// limiter counts requests in fixed windows. A window starts with its first request.
type limiter struct {
	mu      sync.Mutex
	limits  Limits
	windows map[string]*window
}

type window struct {
	ends time.Time
	used int
}

func newLimiter(l Limits) *limiter { return &limiter{limits: l, windows: map[string]*window{}} }

// refuse counts a request and writes the rate limit headers. Above the limit it writes a 429 and returns true.
func (l *limiter) refuse(method, path string, bot bool, out *responseBuffer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.sweep(now)
	if bot && l.limits.Global.Count > 0 {
		if w := l.count("global", l.limits.Global, now); w.used > l.limits.Global.Count {
			tooMany(out, "global", w.ends.Sub(now))
			return true
		}
	}
	key, limit := l.bucket(method, path)
	if limit.Count == 0 {
		return false
	}
	w := l.count(key, limit, now)
	left := w.ends.Sub(now)
	describe(out.header, key, limit, w, left)
	if w.used > limit.Count {
		tooMany(out, "user", left)
		return true
	}
	return false
}

func (l *limiter) count(key string, limit Limit, now time.Time) *window {
	w := l.windows[key]
	if w == nil || now.After(w.ends) {
		w = &window{ends: now.Add(limit.Per)}
		l.windows[key] = w
	}
	w.used++
	return w
}

// sweep deletes windows that have ended, so that old tokens do not fill the memory.
func (l *limiter) sweep(now time.Time) {
	if len(l.windows) < 256 {
		return
	}
	for key, w := range l.windows {
		if now.After(w.ends) {
			delete(l.windows, key)
		}
	}
}

// bucket returns the bucket of a request, which depends on its route and major parameter, and the bucket's limit.
func (l *limiter) bucket(method, path string) (string, Limit) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case parts[0] == "interactions":
		return "", Limit{} // each callback has its own token
	case parts[0] == "webhooks" && len(parts) >= 3:
		return method + " webhooks " + parts[2], l.limits.Webhook
	case len(parts) >= 3 && parts[0] == "channels" && parts[2] == "messages" && method == "POST":
		return "post " + parts[1], l.limits.Post
	case len(parts) >= 3 && parts[0] == "channels" && parts[2] == "messages" && method == "PATCH":
		return "edit " + parts[1], l.limits.Edit
	}
	return method + " " + strings.Join(parts[:min(len(parts), 3)], "/"), l.limits.Other
}

func describe(h http.Header, key string, limit Limit, w *window, left time.Duration) {
	sum := sha256.Sum256([]byte(strings.Fields(key)[0] + limit.Per.String()))
	h.Set("X-RateLimit-Limit", strconv.Itoa(limit.Count))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(limit.Count-w.used, 0)))
	h.Set("X-RateLimit-Reset", fmt.Sprintf("%.3f", float64(w.ends.UnixMilli())/1000))
	h.Set("X-RateLimit-Reset-After", fmt.Sprintf("%.3f", left.Seconds()))
	h.Set("X-RateLimit-Bucket", hex.EncodeToString(sum[:16]))
}

// tooMany writes a 429. A global one has no X-RateLimit-Reset-After, as on Discord.
func tooMany(out *responseBuffer, scope string, wait time.Duration) {
	out.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	out.header.Set("X-RateLimit-Scope", scope)
	if scope == "global" {
		out.header.Set("X-RateLimit-Global", "true")
		out.header.Del("X-RateLimit-Reset-After")
	} else {
		out.header.Set("X-RateLimit-Remaining", "0")
		out.header.Set("X-RateLimit-Reset-After", fmt.Sprintf("%.3f", wait.Seconds()))
	}
	out.wait = wait
	out.json(http.StatusTooManyRequests, map[string]any{"message": "You are being rate limited.",
		"retry_after": math.Round(wait.Seconds()*1000) / 1000, "global": scope == "global"})
}
