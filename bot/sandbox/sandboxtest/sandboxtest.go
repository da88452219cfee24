// Package sandboxtest starts a sandbox for a test, with all rules of bot/sandbox/rules.
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

// description is Discord's OpenAPI document, which is read once for all tests; nil if there is no copy beside the
// repository.
var description = sync.OnceValue(func() *openapi.Description {
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, statErr := os.Stat(filepath.Join(dir, "go.mod")); statErr == nil {
			d, loadErr := openapi.Load(filepath.Join(dir, "..", "shared", "discord-openapi.json"))
			if loadErr != nil {
				return nil // the test of package openapi reports it
			}
			return d
		}
		dir = filepath.Dir(dir)
	}
	return nil
})

// Start runs a sandbox on a loopback port until the test ends. The test fails if the bot violated a rule, including
// Discord's OpenAPI description if there is a copy. A test that provokes a violation calls s.Rules().Allow. There are
// no rate limits unless the options set them.
func Start(t testing.TB, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
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
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve sandbox: %v", err)
		}
		for _, v := range s.Violations() {
			t.Errorf("the bot violated a rule: %s", v)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close sandbox: %v", err)
		}
	})
	return s
}

// Transport sends requests for discord.com to the sandbox. It is for the http.Client of a library that has Discord's
// address built in. Such a library gets the gateway's address from GET /gateway, so it connects to the sandbox's
// gateway.
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
