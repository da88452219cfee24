package reply

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// DiscordAPI is where the real Discord answers.
const DiscordAPI = "https://discord.com/api/v10"

const (
	userAgent   = "DiscordBot (https://darkroom.invalid, 0.1.0)" // Discord wants an address and a version; this project has no home page
	maxTries    = 5
	maxAnswer   = 8 << 20 // bytes of an answer that are read
	sendTimeout = 60 * time.Second
)

// Options of a Client.
type Options struct {
	Base  string           // the API's address with its version; DiscordAPI when empty
	Token string           // the bot's token; empty in a renderer, which answers by interaction tokens alone
	HTTP  *http.Client     // a client with a timeout of 60 s when nil
	Now   func() time.Time // time.Now when nil
}

// Client speaks to Discord's REST interface. It keeps within the limits that Discord states, tries again where that is
// safe, and never lets a token into an error. It may be used by many goroutines.
type Client struct {
	base    string
	token   string
	http    *http.Client
	limits  *limiter
	now     func() time.Time
	refused atomic.Bool // the bot's token was refused
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
	return &Client{base: strings.TrimRight(o.Base, "/"), token: o.Token, http: o.HTTP, limits: newLimiter(o.Now), now: o.Now}
}

// call is one request.
type call struct {
	method string
	path   string // below the base
	bucket string // route and major parameter; may hold a token and is never shown
	route  string // what errors show
	body   any    // JSON, or a *Message with files
	wrap   func(*Message) any
	plain  bool // by interaction token: no Authorization header, outside the global limit
	twice  bool // sending it twice does no harm
}

// send performs a call and decodes the answer into out, which may be nil.
func (c *Client) send(ctx context.Context, k call, out any) error {
	if !k.plain && c.refused.Load() {
		return fmt.Errorf("%s: %w", k.route, ErrUnauthorized)
	}
	body, kind, err := k.encode()
	if err != nil {
		return fmt.Errorf("%s: %w", k.route, err)
	}
	unsure := false
	for try := 1; ; try++ {
		wait, err := c.once(ctx, k, body, kind, out)
		var fault *Error
		refused := errors.As(err, &fault)
		if refused {
			fault.Unsure = unsure
		}
		if err == nil || wait < 0 || try == maxTries {
			return err
		}
		unsure = unsure || !refused || fault.Status >= http.StatusInternalServerError
		if serr := sleep(ctx, wait, k.route); serr != nil {
			return err
		}
	}
}

// encode returns the body's bytes and content type. Bodies are built once, so that a retry sends the same.
func (k call) encode() ([]byte, string, error) {
	if k.body == nil {
		return nil, "application/json", nil
	}
	if m, ok := k.body.(*Message); ok {
		payload := any(m.payload())
		if k.wrap != nil {
			payload = k.wrap(m)
		}
		if len(m.Files) > 0 {
			return multipartBody(payload, m.Files)
		}
		b, err := json.Marshal(payload)
		return b, "application/json", err
	}
	b, err := json.Marshal(k.body)
	return b, "application/json", err
}

// once sends the request a single time. It returns how long to wait before the next try, or a negative wait when there
// must be none.
func (c *Client) once(ctx context.Context, k call, body []byte, kind string, out any) (time.Duration, error) {
	if err := c.limits.wait(ctx, k.bucket, k.plain); err != nil {
		return -1, fmt.Errorf("%s: %w", k.route, err)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, c.base+k.path, bytes.NewReader(body))
	if err != nil {
		return -1, fmt.Errorf("%s: build request: %w", k.route, withoutURL(err))
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Content-Type", kind)
	if !k.plain {
		req.Header.Set("Authorization", "Bot "+c.token)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		err = fmt.Errorf("%s: %w", k.route, withoutURL(err))
		if ctx.Err() != nil || !k.twice {
			return -1, err
		}
		return 500 * time.Millisecond, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	c.limits.learn(k.bucket, answer.Header)
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return c.accept(k, said, err, out)
	}
	return c.reject(k, answer, said)
}

// accept reads a success.
func (c *Client) accept(k call, said []byte, err error, out any) (time.Duration, error) {
	if err != nil {
		err = fmt.Errorf("%s: read answer: %w", k.route, withoutURL(err))
		if k.twice {
			return 500 * time.Millisecond, err
		}
		return -1, err
	}
	if out == nil || len(said) == 0 {
		return 0, nil
	}
	if err := json.Unmarshal(said, out); err != nil {
		return -1, fmt.Errorf("%s: decode answer: %w", k.route, err)
	}
	return 0, nil
}

// reject reads a refusal and decides whether it is worth another try.
func (c *Client) reject(k call, answer *http.Response, said []byte) (time.Duration, error) {
	e := readError(k.route, answer.StatusCode, said)
	switch {
	case answer.StatusCode == http.StatusTooManyRequests:
		wait, global := retryAfter(answer.Header, said)
		c.limits.refuse(k.bucket, global && !k.plain, wait)
		return wait, e
	case answer.StatusCode == http.StatusUnauthorized && !k.plain:
		c.refused.Store(true)
		return -1, fmt.Errorf("%w: %s", ErrUnauthorized, e)
	case answer.StatusCode >= 500 && k.twice:
		return 500 * time.Millisecond, e
	}
	return -1, e
}

// retryAfter reads how long a 429 asks to wait and whether it is about everything. An answer without either header or
// body comes from a proxy in front of Discord: a minute's rest.
func retryAfter(h http.Header, body []byte) (wait time.Duration, global bool) {
	var said struct {
		RetryAfter *float64 `json:"retry_after"`
		Global     bool     `json:"global"`
	}
	if json.Unmarshal(body, &said) == nil && said.RetryAfter != nil {
		return seconds(*said.RetryAfter), said.Global
	}
	if s, err := strconv.ParseFloat(h.Get("Retry-After"), 64); err == nil {
		return seconds(s), h.Get("X-RateLimit-Global") == "true"
	}
	return time.Minute, true
}
