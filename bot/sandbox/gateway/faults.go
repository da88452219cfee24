package gateway

import (
	"encoding/json"
	"strconv"

	"darkroom/bot/sandbox/world"
)

// The methods below make the gateway fail in the ways in which Discord's gateway sometimes fails.

// each calls f, under the lock, for every connection that has a session.
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

// Invalidate tells every bot that its session is invalid (op 9). If resumable is false, it also deletes the session.
func (h *Hub) Invalidate(resumable bool) {
	h.each(func(c *conn) {
		c.queue(packet{Op: opBadSession, Data: json.RawMessage(strconv.FormatBool(resumable))})
		if !resumable {
			h.forget(c.session)
			c.session = nil
		}
	})
}

// HangUp closes every connection with a code. The bot can resume its session.
func (h *Hub) HangUp(code int, reason string) {
	h.each(func(c *conn) { c.closeWith(code, reason) })
}

// Drop breaks every connection without a close code.
func (h *Hub) Drop() {
	h.each(func(c *conn) { c.cancel() })
}

// Forget deletes every session, so that the next resume fails.
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

// AskHeartbeat asks every bot for an immediate heartbeat (op 1).
func (h *Hub) AskHeartbeat() {
	h.each(func(c *conn) { c.queue(packet{Op: opHeartbeat}) })
}

// Silence makes zombie connections: they stay open, but the hub sends no events and no heartbeat ACKs. A bot that
// resumes later gets the missed events.
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

// GreetResume sends a packet with this opcode first to the next connection that resumes: 7 (reconnect), 9 (invalid
// session) or 11 (heartbeat ACK).
func (h *Hub) GreetResume(op int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.resumeGreeting = &packet{Op: op}
	if op == opBadSession {
		h.resumeGreeting.Data = json.RawMessage("false")
	}
}

// Send dispatches an event with any name, for example a name that no library knows.
func (h *Hub) Send(name string, data any) { h.Broadcast(world.Event{Name: name, Data: data}) }
