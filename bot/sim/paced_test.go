package sim

import (
	"context"
	"net"
	"sync"
	"time"
)

// A bubble's time stands still while a goroutine waits for a mutex. discordgo opens a session under its lock, and sleeps
// for a second under it when it closes one, while whoever reads from a connection asks for that lock as soon as it hears
// of an error. So readers of a process's gateway connections hear of errors one after the other, closing apart, and not
// while a session is being opened.

// closeSpacing is how long after a close frame, a failed write or another reader's error a reader hears of its own.
const closeSpacing = 1500 * time.Millisecond

// pacer is what the gateway connections of one process know of each other.
type pacer struct {
	mu        sync.Mutex
	opening   *pacedConn // the connection on which a session is being opened
	lastClose time.Time  // when discordgo last began to close something
}

// pacedConn is a connection whose reader hears of an error late.
type pacedConn struct {
	*end
	pacer  *pacer
	writes int // a session is open with the third: after the handshake and who it is comes a heartbeat
}

// dialGateway connects as dial does; what it returns tells its reader of an error late.
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

// Read reads.
func (p *pacedConn) Read(b []byte) (int, error) {
	n, err := p.end.Read(b)
	for err != nil && !p.pacer.may(p) {
		time.Sleep(closeSpacing / 10)
	}
	return n, err
}

// may tells whether a reader may hear of an error now.
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

// Write sends, and looks out for a close frame: RFC 6455 gives it the first byte 0x88.
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
