package gateway

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"

	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// session is a gateway session. It continues when its connection ends.
type session struct {
	id      string
	intents int
	seq     int64
	events  []packet // the newest events, for a resume
	conn    *conn    // nil while the bot is not connected
}

// readySnapshot is the data of READY. The hub reads it before it takes its own lock, because the world calls Broadcast
// under the world's lock.
type readySnapshot struct {
	app    wire.User
	guilds []string
	create []world.Event
}

func (h *Hub) readyData() readySnapshot {
	ids, creates := h.world.Guilds()
	return readySnapshot{h.world.App(), ids, creates}
}

// open makes a new session for a connection and sends READY. The lock is held.
func (h *Hub) open(c *conn, snapshot readySnapshot, intents int, shard []int) {
	id := make([]byte, 16)
	rand.Read(id)
	s := &session{id: hex.EncodeToString(id), intents: intents, conn: c}
	c.session = s
	h.sessions = append(h.sessions, s)
	if len(h.sessions) > keepSessions {
		h.sessions = h.sessions[1:]
	}
	h.dispatch(s, "READY", h.ready(s, snapshot, shard, c.version))
	for _, e := range snapshot.create {
		if data, err := json.Marshal(e.Data); err == nil && intents&e.Intent != 0 {
			h.dispatch(s, e.Name, data)
		}
	}
}

func (h *Hub) ready(s *session, snapshot readySnapshot, shard []int, version int) json.RawMessage {
	guilds := []map[string]any{}
	for _, id := range snapshot.guilds {
		guilds = append(guilds, map[string]any{"id": id, "unavailable": true})
	}
	body := map[string]any{
		"v": version, "user": snapshot.app, "guilds": guilds, "session_id": s.id, "resume_gateway_url": h.url,
		"session_type": "normal", "private_channels": []any{}, "relationships": []any{}, "user_settings": map[string]any{},
		"application": map[string]any{"id": snapshot.app.ID, "flags": 0}, "_trace": []string{"sandbox"},
	}
	if shard != nil {
		body["shard"] = shard
	}
	data, err := json.Marshal(body)
	if err != nil {
		panic("internal error: cannot encode READY: " + err.Error())
	}
	return data
}

// resume gives a session to a new connection and sends the events that it missed. It returns false if the session does
// not exist or no longer has those events. The lock is held.
func (h *Hub) resume(c *conn, id string, seq int64) bool {
	for _, s := range h.sessions {
		if s.id != id {
			continue
		}
		if seq > s.seq || len(s.events) > 0 && seq < *s.events[0].Seq-1 {
			return false
		}
		if s.conn != nil && s.conn != c {
			s.conn.session = nil
			s.conn.closeWith(4000, "resumed elsewhere")
		}
		s.conn, c.session = c, s
		for _, p := range s.events {
			if *p.Seq > seq {
				c.queue(p)
			}
		}
		h.dispatch(s, "RESUMED", json.RawMessage(`{"_trace":["sandbox"]}`))
		return true
	}
	return false
}

// forget deletes a session. The lock is held.
func (h *Hub) forget(s *session) {
	for i, x := range h.sessions {
		if x == s {
			h.sessions = append(h.sessions[:i:i], h.sessions[i+1:]...)
			return
		}
	}
}
