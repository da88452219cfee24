// Package sandboxtest starts a sandbox for a test, with all rules on.
package sandboxtest

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/rules"
	"darkroom/bot/sandbox/rules/openapi"
)

// description is Discord's OpenAPI document, read once for all tests, where a
// copy lies beside the repository; nil where none does.
var description = sync.OnceValue(func() *openapi.Description {
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, statErr := os.Stat(filepath.Join(dir, "go.mod")); statErr == nil {
			d, loadErr := openapi.Load(filepath.Join(dir, "..", "shared", "discord-openapi.json"))
			if loadErr != nil {
				return nil // its own test says so
			}
			return d
		}
		dir = filepath.Dir(dir)
	}
	return nil
})

// Start runs a sandbox on a loopback port until the test ends. The test fails
// if the bot broke a rule, Discord's OpenAPI description included where it is at
// hand; a test that provokes one says s.Rules().Allow.
// Limits are off unless the options set them, because tests hurry.
func Start(t testing.TB, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	o.Listener = ln
	if o.Rules == nil {
		o.Rules = rules.NewChecker()
	}
	if d := description(); d != nil {
		o.Rules.Add("openapi", d.Check)
	}
	if o.Limits == nil {
		o.Limits = &sandbox.Limits{}
	}
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatalf("open sandbox: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve sandbox: %v", err)
		}
		for _, v := range s.Violations() {
			t.Errorf("the bot broke a rule: %s", v)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close sandbox: %v", err)
		}
	})
	return s
}

// Transport sends requests for discord.com to the sandbox instead. Give it to
// the http.Client of a library that has Discord's address built in; the
// gateway's address then comes from GET /gateway, which is the sandbox's own.
func Transport(s *sandbox.Sandbox) http.RoundTripper { return transport{s} }

type transport struct{ s *sandbox.Sandbox }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base, err := url.Parse(t.s.URL())
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	if host := r.URL.Hostname(); host == "discord.com" || strings.HasSuffix(host, ".discord.com") {
		r.URL.Scheme, r.URL.Host, r.Host = base.Scheme, base.Host, base.Host
	}
	return http.DefaultTransport.RoundTrip(r)
}
