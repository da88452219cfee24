package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"darkroom/queue/backoff"
)

// ErrRefused means that Discord closed the gateway for good: a wrong token, or intents it does not grant.
var ErrRefused = errors.New("the session was refused by Discord")

// resumeTries is how often a session is opened again before a new one replaces it.
const resumeTries = 3

// closeTimeout is how long a close may take: its frame is written at once, and discordgo then only sleeps a second.
const closeTimeout = 250 * time.Millisecond

// client keeps a session with Discord alive and passes its raw events on.
//
// discordgo may lock up for ever while it opens (an op 7 as the first packet), and it notices a dead connection
// only after five missed heartbeats. So sessions are opened in a goroutine with a deadline, their network connection is
// watched, and a session that is stuck is dropped without taking its lock.
type client struct {
	token       string
	base        string // REST base
	idleTimeout time.Duration
	openTimeout time.Duration
	handle      func(kind string, raw json.RawMessage) // must not block
	dial        Dial
	log         *slog.Logger
	limit       rateLimit
}

// run returns nil once ctx is done, or an error that wraps ErrRefused. A rate limit is kept, and said once.
func (g *client) run(ctx context.Context) error {
	pause := backoff.New(time.Second, time.Minute)
	limited := false
	for {
		began := time.Now()
		err := g.runSession(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, ErrRefused) {
			return err
		}
		if time.Since(began) > time.Minute {
			pause.Reset()
			limited = false
		}
		wait := g.limit.left()
		switch {
		case wait == 0:
			wait = pause.Next()
			g.log.Warn("gateway session ended, starting a new one", "error", err)
		case !limited:
			limited = true
			g.log.Warn("Discord limits how often a gateway session may be opened, waiting", "for", wait.Round(time.Second))
		}
		if backoff.Sleep(ctx, wait) != nil {
			return nil
		}
	}
}

// runSession keeps one discordgo session for as long as it can be used, and resumes it when the connection breaks.
func (g *client) runSession(ctx context.Context) error {
	s, w, down, err := g.newSession()
	if err != nil {
		return err
	}
	defer g.discard(s, w)
	pause := backoff.New(200*time.Millisecond, 10*time.Second)
	for tries := 0; tries < resumeTries; tries++ {
		began := time.Now()
		err = g.open(ctx, s)
		if errors.Is(err, errStuck) || errors.Is(err, ErrRefused) || err != nil && g.limit.left() > 0 {
			return err
		}
		if err == nil {
			tries = -1
			err = g.watch(ctx, w, down)
		}
		if time.Since(began) > time.Minute {
			pause.Reset() // only then: a session that breaks at once must not be opened a thousand times a day
		}
		if ctx.Err() != nil || errors.Is(err, errStuck) {
			return err
		}
		if pause.Wait(ctx) != nil {
			return ctx.Err()
		}
	}
	return err
}

var errStuck = errors.New("the session does not answer")

// newSession makes a session whose connection and REST requests use the addresses of the options.
func (g *client) newSession() (*discordgo.Session, *monitor, <-chan struct{}, error) {
	s, err := discordgo.New("Bot " + g.token)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("make gateway session: %w", err)
	}
	base, err := url.Parse(g.base)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read REST base: %w", err)
	}
	w := &monitor{dialer: g.dial}
	network := &http.Transport{
		DialContext: g.dial, Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: g.openTimeout,
		ForceAttemptHTTP2: true,
	}
	s.Client = &http.Client{
		Timeout: g.openTimeout, Transport: limitTransport{&g.limit, baseTransport{base, network}},
	}
	s.Dialer = &websocket.Dialer{NetDialContext: w.dial, Proxy: http.ProxyFromEnvironment, HandshakeTimeout: g.openTimeout}
	// Interactions need no intent. These bring events about servers, and what people write to the bot.
	s.Identify.Intents = discordgo.IntentsGuilds | discordgo.IntentsDirectMessages
	s.StateEnabled = false
	s.SyncEvents = true // handle does not block, and order is kept
	s.ShouldReconnectOnError = false
	s.ShouldRetryOnRateLimit = false
	s.LogLevel = -1 // it would write the whole identify packet to the standard log; what matters comes back as errors
	down := make(chan struct{}, 1)
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
		if e.Operation == 0 && e.Type != "" {
			g.handle(e.Type, e.RawData)
		}
	})
	s.AddHandler(func(*discordgo.Session, *discordgo.Disconnect) {
		select {
		case down <- struct{}{}:
		default:
		}
	})
	return s, w, down, nil
}

// open opens or resumes the session, for no longer than openTimeout.
func (g *client) open(ctx context.Context, s *discordgo.Session) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("open gateway session: panic: %v", p)
			}
		}()
		done <- s.Open()
	}()
	select {
	case err := <-done:
		if refused(err) {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		if err != nil && !errors.Is(err, discordgo.ErrWSAlreadyOpen) {
			return fmt.Errorf("open gateway session: %w", err)
		}
		return nil
	case <-time.After(g.openTimeout):
		return errStuck
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watch returns when the connection is down. It cuts a connection that has gone silent.
func (g *client) watch(ctx context.Context, w *monitor, down <-chan struct{}) error {
	tick := time.NewTicker(g.idleTimeout / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-down:
			return errors.New("the connection broke")
		case <-tick.C:
		}
		if w.idle() < g.idleTimeout {
			continue
		}
		w.close()
		select {
		case <-down:
			return errors.New("the connection was silent")
		case <-time.After(g.openTimeout):
			return errStuck
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// discard closes a session that may be stuck: for a moment with a close frame, then by cutting its connection.
func (g *client) discard(s *discordgo.Session, w *monitor) {
	defer w.close()
	if !s.TryLock() { // it is being closed, or stuck: a Close would wait for this lock too
		return
	}
	s.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Close()
	}()
	select {
	case <-done:
	case <-time.After(closeTimeout):
	}
}

// refused tells whether a close code, or a 401, says that trying again is useless. A 401 with a page is a proxy's and
// passes. Source: Discord, "Gateway Close Event Codes".
func refused(err error) bool {
	if c, ok := errors.AsType[*websocket.CloseError](err); ok {
		return c.Code == 4004 || c.Code >= 4010 && c.Code <= 4014
	}
	var r *discordgo.RESTError
	return errors.As(err, &r) && r.Response != nil && r.Response.StatusCode == http.StatusUnauthorized &&
		(len(r.ResponseBody) == 0 || json.Valid(r.ResponseBody))
}
