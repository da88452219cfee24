package rest_test

import (
	"net/http"
	"testing"
	"time"

	"darkroom/bot/message"
)

// TestOptionalEditsGiveWay: what may as well be left undone is sent once, whatever the answer, and waits for no limit.
func TestOptionalEditsGiveWay(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"a limit": respondWith(
			429, `{"retry_after":0.01}`, "Retry-After", "0", "X-RateLimit-Scope", "user",
		),
		"the limit on old edits": respondWith(429, `{"code":30046,"retry_after":0.01}`, "Retry-After", "0"),
		"a broken server":        respondWith(502, `{}`),
		"no message":             respondWith(404, `{"code":10008}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := startServer(t, answer)
			began := time.Now()
			if _, err := c.TryEditMessage(t.Context(), "5", "6", message.Message{Content: "x"}); err == nil {
				t.Error("got no error")
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("sent %d times, want once", n)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v, want no wait", took)
			}
		})
	}
}

// TestOptionalEditsLeaveTheLastPlace: where a limit leaves one request, it is for others.
func TestOptionalEditsLeaveTheLastPlace(t *testing.T) {
	t.Parallel()
	headers := []string{"X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "1", "X-RateLimit-Reset-After", "60"}
	s, c := startServer(t, respondWith(200, `{"id":"6","channel_id":"5"}`, headers...))
	m := message.Message{Content: "x"}
	if _, err := c.EditMessage(t.Context(), "5", "6", m); err != nil {
		t.Fatal(err)
	}
	if _, err := c.TryEditMessage(t.Context(), "5", "6", m); err == nil || len(s.requests()) != 1 {
		t.Errorf("got %v after %d requests, want it not sent", err, len(s.requests()))
	}
	if _, err := c.EditMessage(t.Context(), "5", "6", m); err != nil || len(s.requests()) != 2 {
		t.Errorf("got %v after %d requests, want the place used by a usual edit", err, len(s.requests()))
	}
}
