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

// patient is a connection whose reader hears of a close late.
type patient struct {
	*end
	mu   sync.Mutex
	said time.Time // when a close frame was sent
}

// Write sends, and looks out for a close frame: RFC 6455 gives it the first byte 0x88.
func (p *patient) Write(b []byte) (int, error) {
	if len(b) > 0 && b[0] == 0x88 {
		p.mu.Lock()
		p.said = time.Now()
		p.mu.Unlock()
		p.in.hold(time.Now().Add(closing))
	}
	return p.end.Write(b)
}

// Close closes at once for the other side, and for the reader when it may hear of it.
func (p *patient) Close() error {
	p.mu.Lock()
	said := p.said
	p.mu.Unlock()
	if said.IsZero() {
		return p.end.Close()
	}
	p.out.finish(errCut)
	time.AfterFunc(time.Until(said.Add(closing)), func() { _ = p.end.Close() })
	return nil
}
