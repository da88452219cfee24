package sim

import (
	"context"
	"net"
	"sync"
	"time"
)

// The time of a bubble stands still while a goroutine waits for a mutex. discordgo holds its lock while it opens a
// session, and while it sleeps for a second to close one. A goroutine that reads from a connection takes the same lock
// when it gets an error. So the readers of a process's gateway connections get their errors one after the other, with
// closeSpacing between them, and not while discordgo opens a session.

// closeSpacing is the time between a close frame, a failed write or another reader's error, and a reader's error.
const closeSpacing = 1500 * time.Millisecond

// pacer spaces the errors of the gateway connections of one process.
type pacer struct {
	mu        sync.Mutex
	opening   *pacedConn // the connection on which discordgo opens a session
	lastClose time.Time  // when discordgo last started to close a session
}

// pacedConn is a connection whose reader gets errors late.
type pacedConn struct {
	*end
	pacer  *pacer
	writes int // a session is open at the third write: handshake, identify, heartbeat
}

// dialGateway connects as dial does, and returns a pacedConn.
func (g *gate) dialGateway(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := g.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	p := &pacedConn{end: c.(*end), pacer: &g.pacer}
	g.pacer.mu.Lock()
	defer g.pacer.mu.Unlock()
	g.pacer.opening = p
	return p, nil
}

// Read reads, and returns an error only when the pacer allows it.
func (p *pacedConn) Read(b []byte) (int, error) {
	n, err := p.end.Read(b)
	for err != nil && !p.pacer.may(p) {
		time.Sleep(closeSpacing / 10)
	}
	return n, err
}

// may reports whether a reader may get its error now.
func (c *pacer) may(p *pacedConn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opening == p {
		c.opening = nil
		return true
	}
	if c.opening != nil || time.Since(c.lastClose) < closeSpacing {
		return false
	}
	c.lastClose = time.Now()
	return true
}

// Write sends, and detects a close frame, whose first byte is 0x88 (RFC 6455).
func (p *pacedConn) Write(b []byte) (int, error) {
	n, err := p.end.Write(b)
	p.pacer.mu.Lock()
	defer p.pacer.mu.Unlock()
	if p.writes++; p.writes == 3 && p.pacer.opening == p {
		p.pacer.opening = nil
	}
	if err != nil || len(b) > 0 && b[0] == 0x88 {
		p.pacer.lastClose = time.Now()
		p.in.hold(time.Now().Add(closeSpacing))
	}
	return n, err
}
