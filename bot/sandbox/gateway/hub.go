package gateway

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/coder/websocket"

	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// Opcodes.
const (
	opDispatch   = 0
	opHeartbeat  = 1
	opIdentify   = 2
	opPresence   = 3
	opVoice      = 4
	opResume     = 6
	opReconnect  = 7
	opMembers    = 8
	opBadSession = 9
	opHello      = 10
	opAck        = 11
)

// DefaultHeartbeat is what Discord asks for.
const DefaultHeartbeat = 41250 * time.Millisecond

// Limits of the protocol.
const (
	keepEvents   = 1000 // replayed at most, per session
	keepSessions = 16   // sessions remembered for resume
	maxSends     = 120  // packets from the bot per minute
	maxPayload   = 4096 // bytes of a packet from the bot
)

// worldState is what the gateway needs of the world.
type worldState interface {
	ValidToken(token string) bool
	App() wire.User
	Guilds() ([]string, []world.Event)
	Record(kind, channel string)
}

// Hub holds the sessions of the bot.
type Hub struct {
	world     worldState
	heartbeat time.Duration

	mu             sync.Mutex
	url            string
	sessions       []*session // oldest first
	conns          map[*conn]bool
	silent         bool
	copies         int // of each event; 1 is honest
	resumeGreeting *packet
	closed         bool
	running        sync.WaitGroup
}

// NewHub makes a hub without sessions. heartbeat 0 is Discord's interval.
func NewHub(heartbeat time.Duration) *Hub {
	if heartbeat == 0 {
		heartbeat = DefaultHeartbeat
	}
	return &Hub{heartbeat: heartbeat, conns: map[*conn]bool{}, copies: 1}
}

// Attach gives the hub its world and its own address, "ws://host/gateway".
func (h *Hub) Attach(p worldState) { h.world = p }

// SetURL tells the hub its own address, which READY repeats for resuming.
func (h *Hub) SetURL(url string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.url = url
}

// packet is one gateway message.
type packet struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  *int64          `json:"s"`
	Name *string         `json:"t"`
}

// session outlives its connections.
type session struct {
	id      string
	intents int
	seq     int64
	events  []packet // what may have to be replayed
	conn    *conn    // nil while the bot is away
}

// Broadcast dispatches an event to every session that asked for it. It never blocks.
func (h *Hub) Broadcast(e world.Event) {
	data, err := json.Marshal(e.Data)
	if err != nil {
		slog.Error("sandbox: encode event", "event", e.Name, "err", err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		if e.Intent != 0 && s.intents&e.Intent == 0 {
			continue
		}
		for range h.copies {
			h.dispatch(s, e.Name, data)
		}
	}
}

// dispatch gives a session one event and remembers it. The lock is held.
func (h *Hub) dispatch(s *session, name string, data json.RawMessage) {
	s.seq++
	seq := s.seq
	p := packet{Op: opDispatch, Data: data, Seq: &seq, Name: &name}
	s.events = append(s.events, p)
	if len(s.events) > keepEvents {
		s.events = s.events[len(s.events)-keepEvents:]
	}
	if s.conn != nil && !h.silent {
		s.conn.queue(p)
	}
}

// Online says whether a bot is logged in and connected.
func (h *Hub) Online() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		if s.conn != nil {
			return true
		}
	}
	return false
}

// readySnapshot is what READY tells of the world. It is fetched before the hub's lock
// is taken, because the world calls Tell under its own.
type readySnapshot struct {
	app    wire.User
	guilds []string
	create []world.Event
}

func (h *Hub) readyData() readySnapshot {
	ids, creates := h.world.Guilds()
	return readySnapshot{h.world.App(), ids, creates}
}

// open makes a new session for a connection and greets it. The lock is held.
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
	waiting := []map[string]any{}
	for _, id := range snapshot.guilds {
		waiting = append(waiting, map[string]any{"id": id, "unavailable": true})
	}
	body := map[string]any{
		"v": version, "user": snapshot.app, "guilds": waiting, "session_id": s.id, "resume_gateway_url": h.url,
		"session_type": "normal", "private_channels": []any{}, "relationships": []any{}, "user_settings": map[string]any{},
		"application": map[string]any{"id": snapshot.app.ID, "flags": 0}, "_trace": []string{"sandbox"},
	}
	if shard != nil {
		body["shard"] = shard
	}
	data, err := json.Marshal(body)
	if err != nil {
		panic("internal error: READY must always encode: " + err.Error())
	}
	return data
}

// resume gives a session back to a new connection and replays what it missed.
// It returns false when the session is gone. The lock is held.
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

// forget ends a session for good. The lock is held.
func (h *Hub) forget(s *session) {
	for i, x := range h.sessions {
		if x == s {
			h.sessions = append(h.sessions[:i:i], h.sessions[i+1:]...)
			return
		}
	}
}

// removeConn takes a dead connection off its session. ended says that the bot closed
// with 1000 or 1001, which ends the session too.
func (h *Hub) removeConn(c *conn, ended bool) {
	h.mu.Lock()
	delete(h.conns, c)
	if s := c.session; s != nil && s.conn == c {
		s.conn = nil
		if ended {
			h.forget(s)
		}
	}
	h.mu.Unlock()
	h.world.Record("BOT", "")
}

// Close hangs up on everybody and waits until all are gone.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	for c := range h.conns {
		c.closeWith(int(websocket.StatusGoingAway), "sandbox is closing")
	}
	h.mu.Unlock()
	h.running.Wait()
}
