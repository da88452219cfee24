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

// errCut is the error that both ends get when a link is cut.
var errCut = &net.OpError{Op: "read", Net: "sim", Err: syscall.ECONNRESET}

// link is a connection in memory: two pipes with a delay and without a limit on their size.
type link struct {
	toServer, toClient *pipe
}

// newLink returns the two ends of a link. Each direction draws its delays from its own random numbers.
func newLink(seed uint64, delay time.Duration) (client, server *end) {
	l := &link{newPipe(seed, delay), newPipe(seed+1, delay)}
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
	// tamper may drop bytes that are written. It returns the part of p that is sent, and whether the link is then cut.
	tamper  func(p []byte) (sent []byte, cut bool)
	onClose func() // called once when this end is closed
	once    sync.Once
}

// Read reads bytes that have arrived.
func (e *end) Read(p []byte) (int, error) { return e.in.read(p) }

// Write sends.
func (e *end) Write(p []byte) (int, error) {
	if e.tamper == nil {
		return e.out.write(p)
	}
	sent, cut := e.tamper(p)
	n, err := e.out.write(sent)
	if cut {
		// The other end reads the bytes that were sent, and then the error. This end gets no answer.
		e.out.finish(errCut)
		e.in.fail(errCut)
		return n, errCut
	}
	return n, err
}

// Close closes this end. The other end reads the bytes that are on their way, and then EOF.
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

// LocalAddr returns the same address for every end.
func (e *end) LocalAddr() net.Addr { return addr{} }

// RemoteAddr returns the same address for every end.
func (e *end) RemoteAddr() net.Addr { return addr{} }

// SetDeadline sets the read deadline. Writes do not wait.
func (e *end) SetDeadline(t time.Time) error { e.in.setDeadline(t); return nil }

// SetReadDeadline sets the time until which Read waits.
func (e *end) SetReadDeadline(t time.Time) error { e.in.setDeadline(t); return nil }

// SetWriteDeadline does nothing, because writes do not wait.
func (e *end) SetWriteDeadline(time.Time) error { return nil }

// addr is the only address of the simulated network.
type addr struct{}

// Network implements net.Addr.
func (addr) Network() string { return "sim" }

// String implements net.Addr.
func (addr) String() string { return "sim" }

// pipe carries bytes in one direction.
type pipe struct {
	mu          sync.Mutex
	changed     chan struct{} // closed when anything changes
	chunks      []chunk
	err         error // what a reader gets when chunks is empty
	deadline    time.Time
	rng         *rand.Rand
	delay       time.Duration // the mean delay
	lastArrival time.Time     // when the newest chunk arrives; a later chunk does not arrive earlier
	heldUntil   time.Time     // nothing is read before this time
}

type chunk struct {
	data []byte
	at   time.Time // when it arrives
}

func newPipe(seed uint64, delay time.Duration) *pipe {
	return &pipe{changed: make(chan struct{}), rng: rand.New(rand.NewPCG(seed, 1)), delay: delay}
}

// signal wakes waiting readers. The lock is held.
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
		at = at.Add(p.delay/2 + time.Duration(p.rng.Int64N(int64(p.delay))))
	}
	if at.Before(p.lastArrival) {
		at = p.lastArrival
	}
	p.lastArrival = at
	p.chunks = append(p.chunks, chunk{append([]byte(nil), b...), at})
	p.signal()
	return len(b), nil
}

// finish makes the reader get err after the bytes that are on their way.
func (p *pipe) finish(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
		p.signal()
	}
}

// fail drops the bytes that are on their way, and makes the reader get err.
func (p *pipe) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.chunks = nil
	if p.err == nil || errors.Is(p.err, io.EOF) {
		p.err = err
	}
	p.signal()
}

// hold makes the reader wait until a time.
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
		n, wait, changed, err := p.try(b)
		if n > 0 || err != nil {
			return n, err
		}
		if wait < 0 {
			<-changed
			continue
		}
		t := time.NewTimer(wait)
		select {
		case <-changed:
		case <-t.C:
		}
		t.Stop()
	}
}

// try reads bytes that have arrived. If there are none, it returns how long to wait, and a channel that is closed at
// the next change; a negative duration means until then.
func (p *pipe) try(b []byte) (n int, wait time.Duration, changed chan struct{}, err error) {
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
