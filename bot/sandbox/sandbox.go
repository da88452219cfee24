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

// The types that callers need, so that they import only this package.

type (
	// Message is a message with fields that only the sandbox knows.
	Message = world.Message
	// Interaction is one interaction and the bot's response to it.
	Interaction = world.Interaction
	// Option is an option that a user fills in.
	Option = world.Option
	// User is a person or the bot.
	User = wire.User
	// Channel is a text channel, a thread or a DM channel.
	Channel = wire.Channel
	// Guild is a guild, which Discord's users call a server.
	Guild = wire.Guild
	// Component is any component.
	Component = wire.Component
	// Choice is a fixed value of an option, or a response to autocomplete.
	Choice = wire.Choice
	// Example is a command that the page runs with one click.
	Example = page.Example
	// Fault makes some requests fail.
	Fault = rest.Fault
	// Limits are the rate limits of the API.
	Limits = rest.Limits
	// Limit is a number of requests per duration.
	Limit = rest.Limit
	// Violation is one broken rule.
	Violation = rules.Violation
)

// With returns an option of a command with a value.
func With(name string, value any) Option { return world.With(name, value) }

// WithFile returns an attachment option with a file of this name.
func WithFile(name, file string, data []byte) Option { return world.WithFile(name, file, data) }

// RealLimits returns the rate limits that bots observe on Discord.
func RealLimits() Limits { return rest.RealLimits() }

// Options of a Sandbox. The zero value is a sandbox in memory.
type Options struct {
	DataDir   string           // the folder of state and files; "" keeps them in memory
	Listener  net.Listener     // sets URL before Serve, whose listener can then be nil
	Host      string           // the host in URLs if the listener has no TCP address; "sandbox.local" if empty
	Hosts     []string         // more host names that requests may use; with one, Serve accepts any address
	Now       func() time.Time // the clock of ids, deadlines and links; nil is time.Now
	Rules     *rules.Checker   // checks every request of the bot; nil for no rules
	Limits    *Limits          // rate limits; nil is RealLimits
	Heartbeat time.Duration    // the gateway's heartbeat interval; 0 is Discord's
	FileLimit int64            // bytes per file; 0 is Discord's 10 MiB
	Title     string           // the page's title
	Examples  []Example        // commands that the page runs with one click
}

// Sandbox is a running stand-in for Discord. The methods of World do what users do; the methods of Gateway make the
// gateway fail.
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

// New opens a sandbox. A new one has a guild with two users; see Defaults.
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

// setAddress derives the sandbox's address from its listener.
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

// Serve serves on a listener until ctx ends; nil is Options.Listener. Then it closes all connections and returns nil.
// It refuses addresses other than loopback, unless Options.Hosts names the hosts that requests may use.
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

// URL returns the page's address, such as "http://127.0.0.1:4321". CDN links and the API's address start with it.
func (s *Sandbox) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// API returns the base of the REST API, version 10. It replaces "https://discord.com/api/v10".
func (s *Sandbox) API() string { return s.URL() + "/api/v10" }

// Fail makes some of the bot's requests fail. If several faults match a request, the newest one applies. The returned
// function removes the fault.
func (s *Sandbox) Fail(f Fault) (remove func()) { return s.rest.Fail(f) }

// RevokeToken revokes the bot token, or makes it valid again. While it is revoked, the gateway closes with 4004 and the
// API responds with 401.
func (s *Sandbox) RevokeToken(revoked bool) {
	s.World.RevokeToken(revoked)
	if revoked {
		s.Gateway.HangUp(4004, "Authentication failed.")
	}
}

// Violations lists the rules that the bot violated, and the interactions without a response within three seconds of the
// sandbox's clock.
func (s *Sandbox) Violations() []Violation {
	if s.rules == nil {
		return nil
	}
	list := s.rules.Violations()
	for _, i := range s.Unanswered() {
		v := Violation{Rule: "unanswered", Request: "interaction " + i.ID,
			Detail: fmt.Sprintf("type %d %s", i.Type, i.Command)}
		if !s.rules.Allows(v) {
			list = append(list, v)
		}
	}
	return list
}

// Rules returns the checker from Options; nil if there is none.
func (s *Sandbox) Rules() *rules.Checker { return s.rules }
