package sim

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// host is a server on the network.
type host interface {
	// accept takes the server's end of a new connection, or returns an error.
	accept(*end) error
}

// network is the simulated network: hosts by address.
type network struct {
	mu    sync.Mutex
	hosts map[string]host
	seed  uint64
	dials uint64
	delay time.Duration
}

// gate holds all connections of one process, and can cut them.
type gate struct {
	network   *network
	mu        sync.Mutex
	open      map[*end]bool
	unplugged bool // there is no network now
	killed    bool // there is no network any more
	pacer     pacer
}

func (n *network) gate() *gate { return &gate{network: n, open: map[*end]bool{}} }

// dial connects to a host.
func (g *gate) dial(ctx context.Context, _, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g.network.mu.Lock()
	h := g.network.hosts[address]
	g.network.dials++
	seed := g.network.seed + 2*g.network.dials
	g.network.mu.Unlock()
	if h == nil {
		return nil, fmt.Errorf("dial %s: no such host", address)
	}
	client, server := newLink(seed, g.network.delay)
	g.mu.Lock()
	if g.unplugged {
		g.mu.Unlock()
		return nil, connRefused(address)
	}
	g.open[client] = true
	g.mu.Unlock()
	client.onClose = func() { g.forget(client) }
	if err := h.accept(server); err != nil {
		g.forget(client)
		return nil, err
	}
	return client, nil
}

func (g *gate) forget(e *end) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, e)
}

// close cuts all connections for ever: the process is dead.
func (g *gate) close() {
	g.mu.Lock()
	g.killed = true
	g.mu.Unlock()
	g.unplug(true)
}

// unplug cuts all connections. If unplugged is true, the process has no network until unplug(false).
func (g *gate) unplug(unplugged bool) {
	g.mu.Lock()
	g.unplugged = unplugged || g.killed
	open := g.open
	g.open = map[*end]bool{}
	g.mu.Unlock()
	for e := range open {
		e.cut()
	}
}

func connRefused(address string) error {
	return &net.OpError{Op: "dial", Net: "sim", Err: fmt.Errorf("%s: %w", address, syscall.ECONNREFUSED)}
}

// listener is a net.Listener on the simulated network.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newListener() *listener {
	return &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *listener) accept(e *end) error {
	select {
	case l.conns <- e:
		return nil
	case <-l.closed:
		return connRefused(discordHost)
	}
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (l *listener) Close() error { l.once.Do(func() { close(l.closed) }); return nil }

// Addr returns the address of every connection.
func (l *listener) Addr() net.Addr { return addr{} }
