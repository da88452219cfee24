package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/command"
)

// Dial opens a connection, as net.Dialer.DialContext does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Store stores which commands are registered.
type Store interface {
	Meta(ctx context.Context, name string) (string, error)
	SetMeta(ctx context.Context, name, value string) error
}

// registration is what registers commands with Discord; *rest.Client is one.
type registration interface {
	RegisteredCommands(ctx context.Context, application string) (json.RawMessage, error)
	RegisterCommands(ctx context.Context, application string, commands json.RawMessage) error
	ApplicationID(ctx context.Context) (string, error)
}

// Options are the parts of a Gateway. All are required.
type Options struct {
	Token       string // the bot's token
	Base        string // REST base
	Dial        Dial
	IdleTimeout time.Duration // a connection that is silent for so long is dead
	OpenTimeout time.Duration // how long opening a session may take
	Store       Store
	Discord     registration
	Servers     func(kind string, raw json.RawMessage) // gets every event, and uses those about servers; it must not block
	Messages    func(raw json.RawMessage)              // gets what people write to the bot; it must not block
	Now         func() time.Time
	Log         *slog.Logger
}

// Gateway is the bot's connection to Discord's events.
type Gateway struct {
	o           Options
	intake      *intake
	application atomic.Value  // string: this bot's application id, once known
	ready       chan struct{} // holds a value when a session has begun
}

// New returns a Gateway.
func New(o Options) *Gateway {
	return &Gateway{o: o, intake: newIntake(o.Now, o.Log), ready: make(chan struct{}, 1)}
}

// Take waits for an interaction and returns it, for one handler to answer; false when ctx is done.
func (g *Gateway) Take(ctx context.Context) (command.Request, bool) { return g.intake.take(ctx) }

// Run listens and registers the commands until ctx is done. It returns nil, or an error that wraps ErrRefused.
func (g *Gateway) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	s := &client{
		token: g.o.Token, base: g.o.Base, idleTimeout: g.o.IdleTimeout, openTimeout: g.o.OpenTimeout, log: g.o.Log,
		dial:   g.o.Dial,
		handle: g.handle,
	}
	group.Go(func() error { return s.run(ctx) })
	group.Go(func() error { return g.register(ctx) })
	return group.Wait()
}

// handle takes one event. It must not block: discordgo reads nothing else during that time.
func (g *Gateway) handle(kind string, raw json.RawMessage) {
	g.o.Servers(kind, raw)
	switch kind {
	case "INTERACTION_CREATE":
		if err := g.intake.accept(raw); err != nil && !errors.Is(err, errTooOld) { // of those it counts how many
			g.o.Log.Warn("interaction dropped", "error", err)
		}
	case "MESSAGE_CREATE":
		g.o.Messages(raw)
	case "READY":
		var ready struct {
			Application struct {
				ID string `json:"id"`
			} `json:"application"`
		}
		if err := json.Unmarshal(raw, &ready); err == nil && ready.Application.ID != "" {
			g.application.Store(ready.Application.ID)
		}
		g.o.Log.Info("gateway session is ready")
		select {
		case g.ready <- struct{}{}:
		default:
		}
	}
}
