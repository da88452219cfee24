package rest

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"time"

	"darkroom/bot/sandbox/wire"
)

// Fault makes some requests fail. Method, Path and Body select them; the fields after Times say what happens. Several
// can be set: for example, a request can be held first and dropped afterwards.
type Fault struct {
	Method string         // "" for any
	Path   *regexp.Regexp // matches the path after "/api/vN"; nil for any
	Body   *regexp.Regexp // matches the JSON of the body; nil for any
	Times  int            // the number of requests; 0 means one, a negative number means until it is removed

	Status  int             // responds with this status and does nothing; 0 with a Code means the code's own status
	Code    int             // the error code in the body of that response
	Message string          // the message in the body of that response; "" means the code's own, or the status's
	HTML    bool            // responds with an HTML page, as Cloudflare does
	Scope   string          // responds with a 429 of this scope: "user", "shared" or "global"
	After   time.Duration   // the Retry-After of that 429
	Drop    bool            // executes the request, then closes the connection without a response
	Reset   bool            // resets the connection in the middle of the upload
	Delay   time.Duration   // waits before anything else
	Hold    <-chan struct{} // waits until this channel is closed or the client disconnects
	Matched chan<- struct{} // receives a value for each selected request, unless it would block
}

// Fail adds a fault. If several match a request, the newest one applies. The returned function removes the fault.
func (a *API) Fail(f Fault) (remove func()) {
	if f.Times == 0 {
		f.Times = 1
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, &f)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.removeFault(&f)
	}
}

func (a *API) removeFault(f *Fault) {
	for i, x := range a.faults {
		if x == f {
			a.faults = append(a.faults[:i:i], a.faults[i+1:]...)
			return
		}
	}
}

// takeFault finds the fault for a request and counts it as used; nil if there is none. While the body is not read yet,
// body is nil, and faults that match the body do not apply.
func (a *API) takeFault(method, path string, body []byte) *Fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range slices.Backward(a.faults) {
		if !f.matches(method, path, body) {
			continue
		}
		if f.Times--; f.Times == 0 {
			a.removeFault(f)
		}
		return f
	}
	return nil
}

func (f *Fault) matches(method, path string, body []byte) bool {
	return (f.Method == "" || f.Method == method) && (f.Path == nil || f.Path.MatchString(path)) &&
		(f.Body == nil || body != nil && f.Body.Match(body))
}

// breaks resets the connection after the first bytes of the body, if the fault says so.
func (f *Fault) breaks(w http.ResponseWriter, r *http.Request) bool {
	if f == nil || !f.Reset {
		return false
	}
	_, _ = io.CopyN(io.Discard, r.Body, 1024) // the error does not matter: the connection ends next
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // Close then resets the connection
	}
	conn.Close()
	return true
}

// wait delays or holds a request.
func (f *Fault) wait(ctx context.Context) {
	if f == nil {
		return
	}
	select {
	case f.Matched <- struct{}{}:
	default:
	}
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-ctx.Done():
		}
	}
	if f.Hold != nil {
		select {
		case <-f.Hold:
		case <-ctx.Done():
		}
	}
}

// answers writes the fault's own response, if it has one.
func (f *Fault) answers(out *responseBuffer) bool {
	switch {
	case f == nil:
		return false
	case f.Scope != "":
		tooMany(out, f.Scope, f.After)
	case f.HTML:
		out.status = max(f.Status, 400)
		out.header.Set("Content-Type", "text/html")
		out.body = []byte("<!doctype html><title>Access denied | error code: 1015</title>")
	case f.Status != 0 || f.Code != 0:
		known := wire.Refuse(f.Code)
		status := cmp.Or(f.Status, known.Status)
		message := cmp.Or(f.Message, http.StatusText(status))
		if f.Code != 0 {
			message = cmp.Or(f.Message, known.Message)
		}
		out.json(status, map[string]any{"message": message, "code": f.Code})
	default:
		return false
	}
	return true
}

// loses reports whether the client gets no response.
func (f *Fault) loses() bool { return f != nil && f.Drop }
