package sim

import (
	"context"
	"net"
	"sync"
	"time"
)

// closing is how long the other side's answer to a close frame is kept back.
//
// discordgo sleeps for a second under its lock when it closes a session, and whoever reads from the connection asks for
// that lock as soon as it hears of the end. A bubble's time stands still while a goroutine waits for a mutex, so the
// reader must hear of it later than that.
const closing = 1500 * time.Millisecond

// dialGateway connects as dial does; what it returns tells a reader of a close late.
func (g *gate) dialGateway(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := g.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &patient{end: c.(*end)}, nil
}

// patient is a connection whose reader hears of an end late.
type patient struct {
	*end
	mu   sync.Mutex
	last time.Time // when a close frame was sent, or a write failed
}

func (p *patient) note() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = time.Now()
}

func (p *patient) noted() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// Read reads. An error comes late.
func (p *patient) Read(b []byte) (int, error) {
	n, err := p.end.Read(b)
	if err == nil {
		return n, nil
	}
	for at := time.Now(); ; {
		if last := p.noted(); last.After(at) {
			at = last
		}
		left := time.Until(at.Add(closing))
		if left <= 0 {
			return n, err
		}
		time.Sleep(left)
	}
}

// Write sends, and looks out for a close frame: RFC 6455 gives it the first byte 0x88.
func (p *patient) Write(b []byte) (int, error) {
	n, err := p.end.Write(b)
	if err != nil || len(b) > 0 && b[0] == 0x88 {
		p.note()
		p.in.hold(time.Now().Add(closing))
	}
	return n, err
}
