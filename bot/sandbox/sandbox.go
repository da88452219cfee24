package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"darkroom/bot/sandbox/gateway"
	"darkroom/bot/sandbox/page"
	"darkroom/bot/sandbox/rest"
	"darkroom/bot/sandbox/rules"
	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// The names that callers need, so that they import this package alone.
type (
	Message     = world.Message
	Interaction = world.Interaction
	Option      = world.Option
	User        = wire.User
	Channel     = wire.Channel
	Guild       = wire.Guild
	Component   = wire.Component
	Choice      = wire.Choice
	Example     = page.Example
	Fault       = rest.Fault
	Limits      = rest.Limits
	Limit       = rest.Limit
	Violation   = rules.Violation
)

// With fills in an option of a command with a value.
func With(name string, value any) Option { return world.With(name, value) }

// WithFile fills in an attachment option.
func WithFile(name, file string, data []byte) Option { return world.WithFile(name, file, data) }

// RealLimits are the rate limits that bots observe on Discord.
func RealLimits() Limits { return rest.RealLimits() }

// Options of a Sandbox. The zero value is a sandbox in memory.
type Options struct {
	DataDir   string           // where state and files are kept; "" keeps them in memory
	Listener  net.Listener     // gives URL its meaning before Serve; Serve may then be given nil
	Host      string           // the host in URLs when the listener has no TCP address; "sandbox.local" when empty
	Hosts     []string         // further host names that requests may ask for; with one, any address may be listened on
	Now       func() time.Time // the clock of ids, deadlines and links; nil is time.Now
	Rules     *rules.Checker   // sees every request of the bot; nil for no rules
	Limits    *Limits          // rate limits; nil is RealLimits
	Heartbeat time.Duration    // the gateway's interval; 0 is Discord's
	FileLimit int64            // bytes per file; 0 is Discord's 10 MiB
	Title     string           // the page's title
	Examples  []Example        // commands the page offers to run with one click
}

// Sandbox is a running Discord. The methods of World are its user's side, those
// of Gateway the gateway's switches.
type Sandbox struct {
	*world.World
	Gateway *gateway.Hub

	rest    *rest.API
	page    *page.Page
	rules   *rules.Checker
	options Options

	mu   sync.Mutex
	base string // "http://127.0.0.1:4321"
}

// New opens a sandbox. A fresh one has a guild with two people; see Home.
func New(o Options) (*Sandbox, error) {
	hub := gateway.NewHub(o.Heartbeat)
	w, err := world.New(world.Options{DataDir: o.DataDir, Now: o.Now, FileLimit: o.FileLimit, OnEvent: hub.Broadcast})
	if err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	hub.Attach(w)
	limits := RealLimits()
	if o.Limits != nil {
		limits = *o.Limits
	}
	s := &Sandbox{World: w, Gateway: hub, rules: o.Rules, options: o}
	var onRequest func(rules.Request)
	if o.Rules != nil {
		onRequest = o.Rules.Record
	}
	s.rest = rest.New(w, limits, onRequest)
	s.page = page.New(w, page.Options{Title: o.Title, Examples: o.Examples, Online: hub.Online})
	if err := addDefaults(w); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if o.Listener != nil {
		s.setAddress(o.Listener)
	}
	return s, nil
}

// settle works out the sandbox's address from its listener.
func (s *Sandbox) setAddress(ln net.Listener) {
	host := s.options.Host
	if tcp, ok := ln.Addr().(*net.TCPAddr); ok && host == "" {
		host = tcp.String()
		if tcp.IP.IsUnspecified() {
			host = fmt.Sprintf("127.0.0.1:%d", tcp.Port)
		}
	}
	if host == "" {
		host = "sandbox.local"
	}
	s.mu.Lock()
	s.base = "http://" + host
	s.mu.Unlock()
	s.SetBase("http://" + host)
	s.Gateway.SetURL("ws://" + host + "/gateway")
	s.rest.SetGateway("ws://" + host + "/gateway")
}

// SetExamples replaces Options.Examples. It is called before Serve.
func (s *Sandbox) SetExamples(examples []Example) { s.page.SetExamples(examples) }

// Serve answers on a listener until ctx ends; nil is Options.Listener. It then
// hangs up on the bot and returns nil. It listens on loopback addresses only,
// unless Options.Hosts says by which names it may be reached.
func (s *Sandbox) Serve(ctx context.Context, ln net.Listener) error {
	if ln == nil {
		ln = s.options.Listener
	}
	if ln == nil {
		return errors.New("serve sandbox: no listener")
	}
	if tcp, ok := ln.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() && len(s.options.Hosts) == 0 {
		return fmt.Errorf("serve sandbox: %s is not a loopback address", tcp)
	}
	s.setAddress(ln)
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	stopped := make(chan struct{})
	end := context.AfterFunc(ctx, func() {
		defer close(stopped)
		s.Gateway.Close()
		server.Close()
	})
	err := server.Serve(ln)
	if !end() {
		<-stopped
	}
	if ctx.Err() != nil && errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve sandbox: %w", err)
}

// URL is the page's address, such as "http://127.0.0.1:4321". CDN links and
// the API begin with it too.
func (s *Sandbox) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// API is the base of the REST API, version 10; it stands for "https://discord.com/api/v10".
func (s *Sandbox) API() string { return s.URL() + "/api/v10" }

// Fail makes some of the bot's requests go wrong; the newest fault that
// matches is used. The function returned takes it away again.
func (s *Sandbox) Fail(f Fault) (remove func()) { return s.rest.Fail(f) }

// RevokeToken makes the bot token worthless: the gateway closes with 4004 and
// every request is refused with 401; or it makes it good again.
func (s *Sandbox) RevokeToken(revoked bool) {
	s.World.RevokeToken(revoked)
	if revoked {
		s.Gateway.HangUp(4004, "Authentication failed.")
	}
}

// Violations lists the rules that the bot broke, and the interactions it left
// unanswered for more than three seconds of the sandbox's clock.
func (s *Sandbox) Violations() []Violation {
	if s.rules == nil {
		return nil
	}
	list := s.rules.Violations()
	for _, i := range s.Unanswered() {
		v := Violation{Rule: "unanswered", Request: "interaction " + i.ID, Detail: fmt.Sprintf("type %d %s", i.Type, i.Command)}
		if !s.rules.Allows(v) {
			list = append(list, v)
		}
	}
	return list
}

// Rules is the book from Options, nil when there is none.
func (s *Sandbox) Rules() *rules.Checker { return s.rules }
