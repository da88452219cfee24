package gateway

import (
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

// DefaultHeartbeat is the heartbeat interval that Discord asks for.
const DefaultHeartbeat = 41250 * time.Millisecond

// Limits of the protocol.
const (
	keepEvents   = 1000 // events that a session keeps for a resume
	keepSessions = 16   // sessions that can be resumed
	maxSends     = 120  // packets from the bot in one minute
	maxPayload   = 4096 // the largest packet from the bot, in bytes
)

// worldState is what the gateway needs of a world.World.
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
	copies         int     // how often each event is sent; normally 1
	resumeGreeting *packet // see GreetResume
	closed         bool
	running        sync.WaitGroup
}

// NewHub returns a hub without sessions. If heartbeat is 0, it uses DefaultHeartbeat.
func NewHub(heartbeat time.Duration) *Hub {
	if heartbeat == 0 {
		heartbeat = DefaultHeartbeat
	}
	return &Hub{heartbeat: heartbeat, conns: map[*conn]bool{}, copies: 1}
}

// Attach gives the hub its world.
func (h *Hub) Attach(w worldState) { h.world = w }

// SetURL sets the hub's own address, such as "ws://host/gateway". READY contains it as resume_gateway_url.
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

// Broadcast dispatches an event to every session with the event's intent. It never blocks.
func (h *Hub) Broadcast(e world.Event) {
	data, err := json.Marshal(e.Data)
	if err != nil {
		slog.Error("sandbox: cannot encode an event", "event", e.Name, "error", err)
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

// dispatch sends a session one event and keeps it for a resume. The lock is held.
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

// Online reports whether a bot is connected and identified.
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

// removeConn detaches a closed connection from its session. ended is true if the bot closed it with 1000 or 1001, which
// also ends the session.
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

// Close closes all connections and waits until they have ended.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	for c := range h.conns {
		c.closeWith(int(websocket.StatusGoingAway), "the sandbox is stopping")
	}
	h.mu.Unlock()
	h.running.Wait()
}
