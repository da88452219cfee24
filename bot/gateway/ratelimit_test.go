package gateway

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/render/logtest"
)

// pipeListener accepts the server's ends of pipes, so that a server can be reached in a bubble.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// dial connects to the listener, whatever the address.
func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept returns the next connection.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (l *pipeListener) Close() error { l.once.Do(func() { close(l.done) }); return nil }

// Addr is no address.
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// TestRateLimitedGatewayIsAskedWhenItSays has GET /gateway answered 429 for hours.
func TestRateLimitedGatewayIsAskedWhenItSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header, body string
		every        time.Duration
	}{
		"in its body":             {"3601", `{"message":"slow","retry_after":1800.5}`, 1800500 * time.Millisecond},
		"in its header":           {"3600", `<html>`, time.Hour},
		"without saying for long": {"", `<html>`, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked []time.Time
				l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
				server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					asked = append(asked, time.Now())
					if c.header != "" {
						w.Header().Set("Retry-After", c.header)
					}
					w.WriteHeader(http.StatusTooManyRequests)
					_, _ = io.WriteString(w, c.body)
				})}
				go func() { _ = server.Serve(l) }()
				defer server.Close()
				log := &logtest.Buffer{}
				g := &client{
					token: "x", base: "http://discord.test/api/v10", idleTimeout: time.Minute, openTimeout: 30 * time.Second,
					handle: func(string, json.RawMessage) {}, dial: l.dial, log: slog.New(slog.NewTextHandler(log, nil)),
				}
				ctx, stop := context.WithTimeout(t.Context(), 5*c.every+c.every/2)
				defer stop()
				if err := g.run(ctx); err != nil {
					t.Fatal(err)
				}
				if len(asked) != 6 {
					t.Errorf("asked %d times, want 6\nlog:\n%s", len(asked), log.String())
				}
				for i := range len(asked) - 1 {
					if d := asked[i+1].Sub(asked[i]); d < c.every || d > c.every+time.Second {
						t.Errorf("asked again after %v, want %v", d, c.every)
					}
				}
				if n := strings.Count(log.String(), "level="); n != 1 || !strings.Contains(log.String(), "limits how often") {
					t.Errorf("%d lines in the log, want one that tells of the limit:\n%s", n, log.String())
				}
			})
		})
	}
}
