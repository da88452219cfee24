package sim

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// host is something that can be dialled.
type host interface {
	// accept takes the server's end of a new connection, or refuses it.
	accept(*end) error
}

// street is the network: hosts by address.
type street struct {
	mu    sync.Mutex
	hosts map[string]host
	seed  uint64
	dials uint64
	slow  time.Duration
}

// gate is where all connections of one process go through. A gate that is shut lets nothing pass any more.
type gate struct {
	street *street
	mu     sync.Mutex
	open   map[*end]bool
	shut   bool // the cable is out
	dead   bool // for good
	calm   calm
}

func (s *street) gate() *gate { return &gate{street: s, open: map[*end]bool{}} }

// dial connects to a host.
func (g *gate) dial(ctx context.Context, _, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g.street.mu.Lock()
	h := g.street.hosts[address]
	g.street.dials++
	seed := g.street.seed + 2*g.street.dials
	g.street.mu.Unlock()
	if h == nil {
		return nil, fmt.Errorf("dial %s: no such host", address)
	}
	client, server := newLink(seed, g.street.slow)
	g.mu.Lock()
	if g.shut {
		g.mu.Unlock()
		return nil, refused(address)
	}
	g.open[client] = true
	g.mu.Unlock()
	client.gone = func() { g.forget(client) }
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

// close cuts every connection and lets no new one be made: the process is dead.
func (g *gate) close() {
	g.mu.Lock()
	g.dead = true
	g.mu.Unlock()
	g.pull(true)
}

// pull pulls the cable, or puts it back.
func (g *gate) pull(out bool) {
	g.mu.Lock()
	g.shut = out || g.dead
	open := g.open
	g.open = map[*end]bool{}
	g.mu.Unlock()
	for e := range open {
		e.cut()
	}
}

func refused(address string) error {
	return &net.OpError{Op: "dial", Net: "sim", Err: fmt.Errorf("%s: %w", address, syscall.ECONNREFUSED)}
}

// door is a net.Listener that is a host.
type door struct {
	in     chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newDoor() *door { return &door{in: make(chan net.Conn), closed: make(chan struct{})} }

func (d *door) accept(e *end) error {
	select {
	case d.in <- e:
		return nil
	case <-d.closed:
		return refused("door")
	}
}

// Accept waits for a connection.
func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.in:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (d *door) Close() error { d.once.Do(func() { close(d.closed) }); return nil }

// Addr is of no use.
func (d *door) Addr() net.Addr { return addr{} }
