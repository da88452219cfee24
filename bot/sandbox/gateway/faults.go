package gateway

import (
	"encoding/json"
	"strconv"

	"darkroom/bot/sandbox/world"
)

// The switches below make the gateway behave badly, as Discord's does at times.

// each runs f for every connection that has a session. The lock is held by each.
func (h *Hub) each(f func(*conn)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.conns {
		if c.session != nil {
			f(c)
		}
	}
}

// Reconnect asks every bot to connect again and resume (op 7).
func (h *Hub) Reconnect() {
	h.each(func(c *conn) { c.queue(packet{Op: opReconnect}) })
}

// Invalidate tells every bot that its session is invalid (op 9). When it is
// not resumable the session is forgotten.
func (h *Hub) Invalidate(resumable bool) {
	h.each(func(c *conn) {
		c.queue(packet{Op: opBadSession, Data: json.RawMessage(strconv.FormatBool(resumable))})
		if !resumable {
			h.forget(c.session)
			c.session = nil
		}
	})
}

// HangUp closes every connection with a code; sessions stay resumable.
func (h *Hub) HangUp(code int, reason string) {
	h.each(func(c *conn) { c.closeWith(code, reason) })
}

// Drop breaks every connection without a word.
func (h *Hub) Drop() {
	h.each(func(c *conn) { c.cancel() })
}

// Forget forgets every session, so that the next resume is refused.
func (h *Hub) Forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		if s.conn != nil {
			s.conn.session = nil
		}
	}
	h.sessions = nil
}

// AskHeartbeat asks every bot for a heartbeat at once (op 1).
func (h *Hub) AskHeartbeat() {
	h.each(func(c *conn) { c.queue(packet{Op: opHeartbeat}) })
}

// Silence makes a zombie: connections stay open, but nothing is heard any
// more, no event and no heartbeat's answer. Events can be had by resuming later.
func (h *Hub) Silence(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.silent = on
}

// Duplicate sends every event n times instead of once.
func (h *Hub) Duplicate(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.copies = max(n, 0)
}

// GreetResume sends a packet of this opcode before anything else to the next
// connection that resumes: 7 (reconnect), 9 (invalid) or 11 (an early answer).
func (h *Hub) GreetResume(op int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.resumeGreeting = &packet{Op: op}
	if op == opBadSession {
		h.resumeGreeting.Data = json.RawMessage("false")
	}
}

// Send dispatches an event of any name, such as one no library knows.
func (h *Hub) Send(name string, data any) { h.Broadcast(world.Event{Name: name, Data: data}) }
