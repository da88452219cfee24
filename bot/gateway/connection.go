package gateway

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// baseTransport sends discordgo's few REST requests to our base and version of the API, because discordgo knows only
// its own.
type baseTransport struct {
	base *url.URL
	next http.RoundTripper
}

// RoundTrip sends the request to the base.
func (r baseTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	path := req.URL.Path
	if i := strings.Index(path, "/api/v"); i >= 0 {
		if j := strings.IndexByte(path[i+len("/api/v"):], '/'); j >= 0 {
			path = path[i+len("/api/v")+j:]
		}
	}
	out.URL.Scheme, out.URL.Host, out.Host = r.base.Scheme, r.base.Host, r.base.Host
	out.URL.Path, out.URL.RawPath = strings.TrimRight(r.base.Path, "/")+path, ""
	return r.next.RoundTrip(out)
}

// monitor watches the network connection of a session.
type monitor struct {
	dialer   Dial
	lastRead atomic.Int64 // Unix nanoseconds of the last bytes

	mu   sync.Mutex
	conn net.Conn
}

func (w *monitor) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := w.dialer(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.lastRead.Store(time.Now().UnixNano())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn = conn
	return &monitoredConn{Conn: conn, lastRead: &w.lastRead}, nil
}

func (w *monitor) idle() time.Duration { return time.Since(time.Unix(0, w.lastRead.Load())) }

func (w *monitor) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn != nil {
		_ = w.conn.Close()
	}
}

// monitoredConn notes when bytes arrive.
type monitoredConn struct {
	net.Conn
	lastRead *atomic.Int64
}

// Read reads and notes the time.
func (t *monitoredConn) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	if n > 0 {
		t.lastRead.Store(time.Now().UnixNano())
	}
	return n, err
}
