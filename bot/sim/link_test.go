package sim

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// errCut is what both ends of a link meet that was cut.
var errCut = &net.OpError{Op: "read", Net: "sim", Err: syscall.ECONNRESET}

// link is a connection in memory: two pipes with a delay, without limit to what they hold.
type link struct {
	toServer, toClient *pipe
}

// newLink returns the two ends of a link. Each direction draws its delays from its own dice.
func newLink(seed uint64, slow time.Duration) (client, server *end) {
	l := &link{newPipe(seed, slow), newPipe(seed+1, slow)}
	return &end{link: l, in: l.toClient, out: l.toServer}, &end{link: l, in: l.toServer, out: l.toClient}
}

func (l *link) cut() {
	l.toServer.fail(errCut)
	l.toClient.fail(errCut)
}

// end is one end of a link, a net.Conn.
type end struct {
	*link
	in, out *pipe
	// meddle may drop bytes on their way out: it returns what of p is sent, and whether the link is cut after it.
	tamper  func(p []byte) (sent []byte, cut bool)
	onClose func() // told once when this end is closed
	once    sync.Once
}

// Read reads what has arrived.
func (e *end) Read(p []byte) (int, error) { return e.in.read(p) }

// Write sends.
func (e *end) Write(p []byte) (int, error) {
	if e.tamper == nil {
		return e.out.write(p)
	}
	sent, cut := e.tamper(p)
	n, err := e.out.write(sent)
	if cut {
		// What was sent arrives; whoever waits for the rest, or for an answer, meets the cut.
		e.out.finish(errCut)
		e.in.fail(errCut)
		return n, errCut
	}
	return n, err
}

// Close closes this end: the other one reads what is on its way and then EOF.
func (e *end) Close() error {
	e.once.Do(func() {
		e.out.finish(io.EOF)
		e.in.fail(net.ErrClosed)
		if e.onClose != nil {
			e.onClose()
		}
	})
	return nil
}

// LocalAddr is of no use.
func (e *end) LocalAddr() net.Addr { return addr{} }

// RemoteAddr is of no use.
func (e *end) RemoteAddr() net.Addr { return addr{} }

// SetDeadline sets both deadlines.
func (e *end) SetDeadline(t time.Time) error { e.in.setDeadline(t); return nil }

// SetReadDeadline sets until when a Read waits.
func (e *end) SetReadDeadline(t time.Time) error { e.in.setDeadline(t); return nil }

// SetWriteDeadline does nothing: writes do not wait.
func (e *end) SetWriteDeadline(time.Time) error { return nil }

// addr is the address of everything.
type addr struct{}

// Network names the network.
func (addr) Network() string { return "sim" }

// String names the address.
func (addr) String() string { return "sim" }

// pipe carries bytes one way.
type pipe struct {
	mu          sync.Mutex
	changed     chan struct{} // closed when anything changes
	chunks      []chunk
	err         error // met once chunks is empty
	deadline    time.Time
	dice        *rand.Rand
	delay       time.Duration // mean delay
	lastArrival time.Time     // when the newest chunk arrives: bytes do not overtake each other
	heldUntil   time.Time     // before this nothing is read
}

type chunk struct {
	data []byte
	at   time.Time // when it arrives
}

func newPipe(seed uint64, slow time.Duration) *pipe {
	return &pipe{changed: make(chan struct{}), dice: rand.New(rand.NewPCG(seed, 1)), delay: slow}
}

// signal tells waiting readers to look again. The lock is held.
func (p *pipe) signal() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *pipe) write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return 0, &net.OpError{Op: "write", Net: "sim", Err: syscall.EPIPE}
	}
	at := time.Now()
	if p.delay > 0 {
		at = at.Add(p.delay/2 + time.Duration(p.dice.Int64N(int64(p.delay))))
	}
	if at.Before(p.lastArrival) {
		at = p.lastArrival
	}
	p.lastArrival = at
	p.chunks = append(p.chunks, chunk{append([]byte(nil), b...), at})
	p.signal()
	return len(b), nil
}

// finish lets what is on its way arrive, and then err.
func (p *pipe) finish(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
		p.signal()
	}
}

// fail loses what is on its way.
func (p *pipe) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.chunks = nil
	if p.err == nil || errors.Is(p.err, io.EOF) {
		p.err = err
	}
	p.signal()
}

// hold keeps everything back from the reader until a time.
func (p *pipe) hold(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heldUntil = t
	p.signal()
}

func (p *pipe) setDeadline(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deadline = t
	p.signal()
}

func (p *pipe) read(b []byte) (int, error) {
	for {
		n, wait, moved, err := p.try(b)
		if n > 0 || err != nil {
			return n, err
		}
		if wait < 0 {
			<-moved
			continue
		}
		t := time.NewTimer(wait)
		select {
		case <-moved:
		case <-t.C:
		}
		t.Stop()
	}
}

// try reads what has arrived, or says how long to wait for something: a negative time is until something changes.
func (p *pipe) try(b []byte) (n int, wait time.Duration, moved chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !p.deadline.IsZero() && !now.Before(p.deadline) {
		return 0, 0, nil, os.ErrDeadlineExceeded
	}
	wait = -1
	if !p.deadline.IsZero() {
		wait = p.deadline.Sub(now)
	}
	if left := p.heldUntil.Sub(now); left > 0 {
		return 0, left, p.changed, nil
	}
	if len(p.chunks) == 0 {
		return 0, wait, p.changed, p.err
	}
	c := &p.chunks[0]
	if left := c.at.Sub(now); left > 0 {
		if wait < 0 || left < wait {
			wait = left
		}
		return 0, wait, p.changed, nil
	}
	n = copy(b, c.data)
	if c.data = c.data[n:]; len(c.data) == 0 {
		p.chunks = p.chunks[1:]
	}
	return n, 0, nil, nil
}
