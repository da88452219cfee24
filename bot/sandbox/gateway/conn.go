package gateway

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// conn is one websocket connection. It sends packets in the order in which they are queued.
type conn struct {
	hub      *Hub
	ws       *websocket.Conn
	version  int
	session  *session // under the hub's lock
	compress bool

	mu      sync.Mutex
	waiting []packet
	wake    chan struct{}
	close   *websocket.CloseError
	cancel  context.CancelFunc
	sends   []time.Time // when packets arrived from the bot in the last minute
}

// ServeHTTP accepts a bot's websocket.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil) // refuses other origins
	if err != nil {
		return // Accept has written the response
	}
	defer ws.CloseNow()
	ws.SetReadLimit(maxPayload)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	c := &conn{hub: h, ws: ws, wake: make(chan struct{}, 1), cancel: cancel, version: 10}
	if !h.addConn(c) {
		ws.Close(websocket.StatusGoingAway, "the sandbox is stopping")
		return
	}
	defer h.running.Done()
	if v := r.URL.Query().Get("v"); v != "" {
		c.version, err = strconv.Atoi(v)
	}
	if err != nil || c.version < 9 || c.version > 10 {
		c.closeWith(4012, "Invalid API version")
	}
	c.sendHello()
	var writer sync.WaitGroup
	writer.Go(func() { c.write(ctx) })
	ended := c.read(ctx)
	cancel()
	writer.Wait()
	h.removeConn(c, ended)
}

func (h *Hub) addConn(c *conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.conns[c] = true
	h.running.Add(1)
	return true
}

func (c *conn) sendHello() {
	data := fmt.Appendf(nil, `{"_trace":["sandbox"],"heartbeat_interval":%d}`, c.hub.heartbeat.Milliseconds())
	c.queue(packet{Op: opHello, Data: data})
}

// queue queues a packet for sending. It never blocks.
func (c *conn) queue(p packet) {
	c.mu.Lock()
	c.waiting = append(c.waiting, p)
	c.mu.Unlock()
	c.wakeWriter()
}

// closeWith closes the connection with a code after the queued packets are sent.
func (c *conn) closeWith(code int, reason string) {
	c.mu.Lock()
	if c.close == nil {
		c.close = &websocket.CloseError{Code: websocket.StatusCode(code), Reason: reason}
	}
	c.mu.Unlock()
	c.wakeWriter()
}

func (c *conn) wakeWriter() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write sends queued packets until the connection ends.
func (c *conn) write(ctx context.Context) {
	defer c.cancel()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		}
		c.mu.Lock()
		list, end := c.waiting, c.close
		c.waiting = nil
		c.mu.Unlock()
		for _, p := range list {
			if err := c.send(ctx, p); err != nil {
				return
			}
		}
		if end != nil {
			c.ws.Close(end.Code, end.Reason)
			return
		}
	}
}

// compressFrom is the smallest packet, in bytes, that is compressed for a bot that uses payload compression. Smaller
// packets would only grow.
const compressFrom = 512

func (c *conn) send(ctx context.Context, p packet) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	c.hub.mu.Lock()
	compress := c.compress && len(data) >= compressFrom
	c.hub.mu.Unlock()
	if !compress {
		return c.ws.Write(ctx, websocket.MessageText, data)
	}
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return c.ws.Write(ctx, websocket.MessageBinary, b.Bytes())
}

// read handles packets until the connection ends. ended is true if the bot also ended its session.
func (c *conn) read(ctx context.Context) (ended bool) {
	for {
		// The connection ends if the bot sends nothing for two heartbeat intervals.
		readCtx, cancel := context.WithTimeout(ctx, 2*c.hub.heartbeat)
		_, data, err := c.ws.Read(readCtx)
		late := readCtx.Err() != nil && ctx.Err() == nil
		cancel()
		if late {
			return false
		}
		if err != nil {
			code := websocket.CloseStatus(err)
			if errors.Is(err, websocket.ErrMessageTooBig) {
				c.ws.Close(4002, "Error while decoding payload.")
			}
			return code == websocket.StatusNormalClosure || code == websocket.StatusGoingAway
		}
		c.handle(data)
	}
}

// handle handles one packet from the bot.
func (c *conn) handle(data []byte) {
	var p struct {
		Op   *int            `json:"op"`
		Data json.RawMessage `json:"d"`
	}
	if err := json.Unmarshal(data, &p); err != nil || p.Op == nil {
		c.closeWith(4002, "Error while decoding payload.")
		return
	}
	if c.tooMany(time.Now()) {
		c.closeWith(4008, "Rate limited.")
		return
	}
	switch *p.Op {
	case opHeartbeat:
		c.ack()
	case opIdentify:
		c.identify(p.Data)
	case opResume:
		c.resume(p.Data)
	case opPresence, opVoice, opMembers:
		c.requireSession()
	default:
		c.closeWith(4001, "Unknown opcode.")
	}
}

func (c *conn) tooMany(now time.Time) bool {
	for len(c.sends) > 0 && now.Sub(c.sends[0]) > time.Minute {
		c.sends = c.sends[1:]
	}
	c.sends = append(c.sends, now)
	return len(c.sends) > maxSends
}

func (c *conn) ack() {
	c.hub.mu.Lock()
	silent := c.hub.silent
	c.hub.mu.Unlock()
	if !silent {
		c.queue(packet{Op: opAck})
	}
}

func (c *conn) requireSession() {
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	if c.session == nil {
		c.closeWith(4003, "Not authenticated.")
	}
}
