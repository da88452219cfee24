package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"darkroom/bot/message"
)

// DiscordAPI is the address of Discord's API.
const DiscordAPI = "https://discord.com/api/v10"

const (
	// Discord wants an address and a version; this project has no home page.
	userAgent        = "DiscordBot (https://darkroom.invalid, 0.1.0)"
	maxTries         = 5
	maxResponseBytes = 8 << 20 // bytes of an answer that are read
	sendTimeout      = 60 * time.Second
)

// Options of a Client.
type Options struct {
	Base  string           // the API's address with its version; DiscordAPI when empty
	Token string           // the bot's token; empty in a renderer, which answers by interaction tokens alone
	HTTP  *http.Client     // a client with a timeout of 60 s when nil
	Now   func() time.Time // time.Now when nil
}

// Client sends requests to Discord's REST API. It keeps within the limits that Discord states, retries where that is
// safe, and never puts a token into an error. Many goroutines may use it.
type Client struct {
	base         string
	token        string
	http         *http.Client
	limiter      *limiter
	now          func() time.Time
	tokenRefused atomic.Bool // the bot's token was refused
}

// NewClient returns a Client.
func NewClient(o Options) *Client {
	if o.Base == "" {
		o.Base = DiscordAPI
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: sendTimeout}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Client{
		base: strings.TrimRight(o.Base, "/"), token: o.Token, http: o.HTTP, limiter: newLimiter(o.Now), now: o.Now,
	}
}

// errBusy means that an optional request was not sent, because others need what the limits leave.
var errBusy = errors.New("not sent: the limit is needed for others")

// request is one request.
type request struct {
	method        string
	path          string // below the base
	bucket        string // route and major parameter; may hold a token and is never shown
	route         string // what errors show
	body          any    // JSON
	files         []message.File
	byInteraction bool // by interaction token: no Authorization header, outside the global limit
	idempotent    bool // it may be sent twice
	optional      bool // it may as well not be sent: it waits for nothing and is sent once

	patience time.Duration // limits are waited for no longer than this; 0 is as long as the caller has time
}

// send sends a request and decodes the answer into out, which may be nil.
func (c *Client) send(ctx context.Context, r request, out any) error {
	if !r.byInteraction && c.tokenRefused.Load() {
		return fmt.Errorf("%s: %w", r.route, ErrUnauthorized)
	}
	body, kind, err := r.encode()
	if err != nil {
		return fmt.Errorf("%s: %w", r.route, err)
	}
	maybeApplied := false
	for try := 1; ; try++ {
		wait, err := c.attempt(ctx, r, body, kind, out)
		var fault *Error
		refused := errors.As(err, &fault)
		if refused {
			fault.MaybeApplied = maybeApplied
		}
		if err == nil || wait < 0 || try == maxTries || r.optional {
			return err
		}
		maybeApplied = maybeApplied || !refused || fault.unanswered()
		waiting, cancel := r.limitWait(ctx)
		serr := sleep(waiting, wait, r.route)
		cancel()
		if serr != nil {
			return err
		}
	}
}

// limitWait returns the context of a wait for a limit.
func (r request) limitWait(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.patience == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, r.patience)
}

// with returns the request with a message as its body.
func (r request) with(m message.Message) request {
	r.body, r.files = m.Payload(), m.Files
	return r
}

// encode returns the body's bytes and content type. Bodies are built once, so that a retry sends the same.
func (r request) encode() ([]byte, string, error) {
	if len(r.files) > 0 {
		return multipartBody(r.body, r.files)
	}
	if r.body == nil {
		return nil, "application/json", nil
	}
	b, err := json.Marshal(r.body)
	return b, "application/json", err
}

// attempt sends the request once. It returns how long to wait before the next attempt, or a negative wait if there must
// be none.
func (c *Client) attempt(ctx context.Context, r request, body []byte, kind string, out any) (time.Duration, error) {
	if r.optional && !c.limiter.idle(r.bucket) {
		return -1, fmt.Errorf("%s: %w", r.route, errBusy)
	}
	waiting, cancel := r.limitWait(ctx)
	err := c.limiter.wait(waiting, r.bucket, r.byInteraction)
	cancel()
	if err != nil {
		return -1, fmt.Errorf("%s: %w", r.route, err)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, bytes.NewReader(body))
	if err != nil {
		return -1, fmt.Errorf("%s: build request: %w", r.route, withoutURL(err))
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Content-Type", kind)
	if !r.byInteraction {
		req.Header.Set("Authorization", "Bot "+c.token)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		err = fmt.Errorf("%s: %w", r.route, withoutURL(err))
		if ctx.Err() != nil || !r.idempotent {
			return -1, err
		}
		return 500 * time.Millisecond, err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(io.LimitReader(answer.Body, maxResponseBytes))
	c.limiter.update(r.bucket, answer.Header)
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return c.readSuccess(r, got, err, out)
	}
	return c.readFailure(r, answer, got)
}

// readSuccess reads a success.
func (c *Client) readSuccess(r request, got []byte, err error, out any) (time.Duration, error) {
	if err != nil {
		err = fmt.Errorf("%s: read answer: %w", r.route, withoutURL(err))
		if r.idempotent {
			return 500 * time.Millisecond, err
		}
		return -1, err
	}
	if out == nil || len(got) == 0 {
		return 0, nil
	}
	if err := json.Unmarshal(got, out); err != nil {
		return -1, fmt.Errorf("%s: decode answer: %w", r.route, err)
	}
	return 0, nil
}

// readFailure reads a failure and decides whether to try again.
func (c *Client) readFailure(r request, answer *http.Response, got []byte) (time.Duration, error) {
	e := readError(r.route, answer.StatusCode, got)
	switch {
	case answer.StatusCode == http.StatusTooManyRequests:
		wait, global := retryAfter(answer.Header, got)
		c.limiter.block(r.bucket, global && !r.byInteraction, wait)
		return wait, e
	case answer.StatusCode == http.StatusUnauthorized && !r.byInteraction && e.inJSON:
		c.tokenRefused.Store(true)
		//nolint:errorlint // not wrapped: its code says nothing about the request
		return -1, fmt.Errorf("%w: %v", ErrUnauthorized, e)
	case answer.StatusCode >= 500 && r.idempotent:
		return 500 * time.Millisecond, e
	}
	return -1, e
}
