package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// limitWithoutEnd is how long a rate limit counts that does not say when it ends: a proxy's.
	limitWithoutEnd = time.Minute
	// maxLimitBody is how many bytes of a 429 are read.
	maxLimitBody = 1 << 16
)

// rateLimit is until when Discord takes no requests by which a session is opened. discordgo knows it only as long as
// the session, and waits for it without an end inside of Open. The zero value is no limit.
type rateLimit struct {
	mu    sync.Mutex
	until time.Time
}

// set notes how long a limit lasts from now on.
func (l *rateLimit) set(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Now().Add(d)
}

// left is how long the limit still lasts, 0 if there is none.
func (l *rateLimit) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, time.Until(l.until))
}

// limitTransport notes the Retry-After of every 429.
type limitTransport struct {
	limit *rateLimit
	next  http.RoundTripper
}

// RoundTrip sends the request.
func (t limitTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(req)
	if err != nil || answer.StatusCode != http.StatusTooManyRequests {
		return answer, err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxLimitBody))
	_ = answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	t.limit.set(retryAfter(answer.Header, body))
	return answer, err
}

// retryAfter reads how long a 429 asks to wait, from its body or its header.
func retryAfter(h http.Header, body []byte) time.Duration {
	var got struct {
		RetryAfter *float64 `json:"retry_after"`
	}
	if json.Unmarshal(body, &got) == nil && got.RetryAfter != nil {
		return time.Duration(*got.RetryAfter * float64(time.Second))
	}
	if s, err := strconv.ParseFloat(h.Get("Retry-After"), 64); err == nil {
		return time.Duration(s * float64(time.Second))
	}
	return limitWithoutEnd
}
