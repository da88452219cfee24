package download

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client fetches files and documents. Its zero value works. Several goroutines may use it.
type Client struct {
	// Transport sends the requests; http.DefaultTransport if nil, which knows HTTPS_PROXY and NO_PROXY.
	Transport http.RoundTripper
	// UserAgent is what servers see; "darkroom" if empty.
	UserAgent string
	// Stall is how long a server may send nothing; a minute if zero.
	Stall time.Duration
	// Tries is how often in a row a request may bring nothing before Fetch gives up; 5 if zero.
	Tries int
	// Patience is the longest wait that a server may ask for with Retry-After; a minute if zero.
	Patience time.Duration
	// Free returns how many bytes can still be written in a folder, -1 where that is not known; it asks the system if nil.
	Free func(dir string) int64
	// Wait waits before another try; a timer if nil.
	Wait func(context.Context, time.Duration) error
	// PlainHTTP allows plain HTTP to any host: for files whose hash is known beforehand, and requests without a secret.
	PlainHTTP bool

	after func(time.Duration, func()) timer // what watches for stalls; time.AfterFunc if nil
}

// timer is a time.Timer, or a test's.
type timer interface {
	Reset(time.Duration) bool
	Stop() bool
}

const (
	usualStall    = time.Minute
	usualTries    = 5
	usualPatience = time.Minute
	maxRedirects  = 10
)

func (c *Client) stall() time.Duration {
	if c.Stall > 0 {
		return c.Stall
	}
	return usualStall
}

func (c *Client) patience() time.Duration {
	if c.Patience > 0 {
		return c.Patience
	}
	return usualPatience
}

// FreeBytes is how many bytes can still be written in a folder that is there, -1 where that is not known.
func (c *Client) FreeBytes(dir string) int64 {
	if c.Free != nil {
		return c.Free(dir)
	}
	return freeBytes(dir)
}

// Document returns the body of a small document, at most max bytes, and the header of the answer that held it. The
// header given goes to the address's own host only.
func (c *Client) Document(ctx context.Context, address string, header http.Header, limit int64) (
	[]byte, http.Header, error,
) {
	var data []byte
	var got http.Header
	err := c.retry(ctx, func() (bool, error) {
		a, err := c.send(ctx, address, header)
		if err != nil {
			return false, err
		}
		defer a.close()
		if err := statusError(a.Response, http.StatusOK); err != nil {
			return false, err
		}
		got = a.Header
		if data, err = io.ReadAll(io.LimitReader(a, limit+1)); err != nil {
			return false, &BrokenError{Address: Redacted(address), Done: int64(len(data)), Err: a.cause(err)}
		}
		if int64(len(data)) > limit {
			return false, &SizeError{Address: Redacted(address), Got: int64(len(data)), Want: limit, Endless: true}
		}
		return false, nil
	})
	if err != nil {
		return nil, nil, err
	}
	return data, got, nil
}

// answer is a response whose body is watched for stalls.
type answer struct {
	*http.Response
	ctx    context.Context //nolint:containedctx // it belongs to this one response, and tells why its body broke off
	cancel context.CancelCauseFunc
	timer  timer
	stall  time.Duration
}

// Read reads the body; each piece that arrives gives the server as long again.
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.Body.Read(p)
	if n > 0 {
		a.timer.Reset(a.stall)
	}
	return n, err
}

// cause is why reading the body failed: an end of the context has a better reason than the error of the connection.
func (a *answer) cause(err error) error {
	if cause := context.Cause(a.ctx); cause != nil {
		return cause
	}
	return err
}

func (a *answer) close() {
	a.timer.Stop()
	a.Body.Close()
	a.cancel(nil)
}

// send asks for an address and follows redirects itself: net/http would hand on most headers to any host, and a token
// to subdomains.
func (c *Client) send(ctx context.Context, address string, header http.Header) (*answer, error) {
	u, err := c.allowed(address)
	if err != nil {
		return nil, err
	}
	first := u
	for range maxRedirects {
		own := header
		if !sameHost(u, first) {
			own = withoutOwn(header)
		}
		a, err := c.ask(ctx, u, own)
		if err != nil {
			return nil, err
		}
		next := a.Header.Get("Location")
		if a.StatusCode/100 != 3 || a.StatusCode == http.StatusNotModified || next == "" {
			return a, nil
		}
		a.close()
		to, err := u.Parse(next)
		if err != nil {
			return nil, fmt.Errorf("%s leads to something that is no address", Redacted(u.String()))
		}
		if u, err = c.allowed(to.String()); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s leads on and on: more than %d redirects", Redacted(address), maxRedirects)
}

// follows are the headers that go to every host; all others, such as tokens and cookies, only to the first.
var follows = map[string]bool{"Range": true, "If-Range": true, "Accept": true, "Accept-Encoding": true}

func withoutOwn(header http.Header) http.Header {
	rest := http.Header{}
	for name, values := range header {
		if follows[http.CanonicalHeaderKey(name)] {
			rest[name] = values
		}
	}
	return rest
}

func sameHost(a, b *url.URL) bool { return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) }

// ask sends one request, whose whole answer must not stall.
func (c *Client) ask(ctx context.Context, u *url.URL, header http.Header) (*answer, error) {
	stall := c.stall()
	ctx, cancel := context.WithCancelCause(ctx)
	a := &answer{ctx: ctx, cancel: cancel, stall: stall}
	a.timer = c.watch(stall, func() { cancel(&StallError{After: stall}) })
	resp, err := c.transport().RoundTrip(c.request(ctx, u, header)) //nolint:bodyclose // close closes it
	if err != nil {
		a.timer.Stop()
		err = &BrokenError{Address: Redacted(u.String()), Err: a.cause(err), Dial: isDial(err)}
		cancel(nil)
		return nil, err
	}
	a.Response = resp
	return a, nil
}

// request makes a request as net/http's client does, with the password of an address, and without cookies.
func (c *Client) request(ctx context.Context, u *url.URL, header http.Header) *http.Request {
	req := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: header.Clone()}).WithContext(ctx)
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("User-Agent", c.userAgent())
	if u.User != nil && req.Header.Get("Authorization") == "" {
		password, _ := u.User.Password()
		req.SetBasicAuth(u.User.Username(), password)
	}
	return req
}

func (c *Client) watch(d time.Duration, stalled func()) timer {
	if c.after != nil {
		return c.after(d, stalled)
	}
	return time.AfterFunc(d, stalled)
}

func (c *Client) transport() http.RoundTripper {
	if c.Transport != nil {
		return c.Transport
	}
	return http.DefaultTransport
}

func (c *Client) userAgent() string {
	if c.UserAgent != "" {
		return c.UserAgent
	}
	return "darkroom"
}

// allowed parses an address and refuses any that is not HTTPS, unless the client allows plain HTTP.
func (c *Client) allowed(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%s is no address", Redacted(address))
	}
	if u.Scheme == "https" || u.Scheme == "http" && c.PlainHTTP {
		u.Fragment = ""
		return u, nil
	}
	return nil, &InsecureError{Address: Redacted(address)}
}

// Redacted prints an address without its query, its fragment and the credentials that it may carry.
func Redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(an address that does not parse)"
	}
	u.User, u.RawQuery, u.Fragment, u.RawFragment, u.ForceQuery = nil, "", "", "", false
	return u.String()
}
