package rest

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"time"
)

// Fault makes some requests go wrong. Method and Path choose them; the other
// fields say how. Several may be set: a held request can be dropped afterwards.
type Fault struct {
	Method string         // "" for any
	Path   *regexp.Regexp // matched with the path after "/api/vN"; nil for any
	Body   *regexp.Regexp // matched with the JSON of the body; nil for any
	Times  int            // how many requests; 0 is one, negative is until removed

	Status  int             // answers with this status instead of doing anything
	Code    int             // the error code in the body of that answer
	Message string          // and its message
	HTML    bool            // answers with an HTML page, as Cloudflare does
	Scope   string          // answers 429 with this scope: "user", "shared" or "global"
	After   time.Duration   // the Retry-After of that 429
	Drop    bool            // does what was asked, then loses the answer
	Reset   bool            // breaks the connection in the middle of the upload
	Delay   time.Duration   // waits before doing anything
	Hold    <-chan struct{} // waits until it is closed, or the sender hung up
	Matched chan<- struct{} // told, without waiting, of each request that was chosen
}

// Fail adds a fault. The newest that matches a request is used. The function returned removes it.
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

// takeFault finds the fault for a request and uses it up; nil when there is none. Faults that look at the body are left
// out while body is nil, which is before it was read.
func (a *API) takeFault(method, path string, body []byte) *Fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.faults) - 1; i >= 0; i-- {
		f := a.faults[i]
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

// breaks resets the connection after the first bytes of the body.
func (f *Fault) breaks(w http.ResponseWriter, r *http.Request) bool {
	if f == nil || !f.Reset {
		return false
	}
	io.CopyN(io.Discard, r.Body, 1024) // whatever comes, the connection breaks next
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
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

// answers writes the fault's own answer, if it has one.
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
	case f.Status != 0:
		message := f.Message
		if message == "" {
			message = http.StatusText(f.Status)
		}
		out.json(f.Status, map[string]any{"message": message, "code": f.Code})
	default:
		return false
	}
	return true
}

// loses says that the answer never arrives.
func (f *Fault) loses() bool { return f != nil && f.Drop }
