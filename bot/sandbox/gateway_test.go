package sandbox_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/coder/websocket"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
)

// gatewayConn is a gateway connection without a library, which shows every packet.
type gatewayConn struct {
	t   *testing.T
	ctx context.Context
	ws  *websocket.Conn
}

type packet struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  *int64          `json:"s"`
	Name string          `json:"t"`
}

func dial(t *testing.T, s *sandbox.Sandbox, query string) *gatewayConn {
	t.Helper()
	ctx := testContext(t)
	ws, _, err := websocket.Dial(ctx, "ws"+s.URL()[4:]+"/gateway"+query, nil) //nolint:bodyclose // Dial closes it
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { ws.CloseNow() })
	ws.SetReadLimit(1 << 20)
	return &gatewayConn{t, ctx, ws}
}

func (c *gatewayConn) send(op int, data any) {
	c.t.Helper()
	b, _ := json.Marshal(map[string]any{"op": op, "d": data})
	if err := c.ws.Write(c.ctx, websocket.MessageText, b); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

func (c *gatewayConn) receive() packet {
	c.t.Helper()
	kind, data, err := c.ws.Read(c.ctx)
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	if kind == websocket.MessageBinary {
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			c.t.Fatalf("decompress: %v", err)
		}
		var b bytes.Buffer
		b.ReadFrom(z)
		data = b.Bytes()
	}
	var p packet
	if err := json.Unmarshal(data, &p); err != nil {
		c.t.Fatalf("read packet: %v", err)
	}
	return p
}

// receiveUntil skips packets up to the one with this name.
func (c *gatewayConn) receiveUntil(name string) packet {
	c.t.Helper()
	for {
		if p := c.receive(); p.Name == name {
			return p
		}
	}
}

func (c *gatewayConn) login(s *sandbox.Sandbox, intents int) (session string) {
	c.t.Helper()
	c.send(2, map[string]any{"token": s.Token(), "intents": intents, "compress": true, "properties": map[string]string{}})
	var ready struct {
		Session string `json:"session_id"`
	}
	json.Unmarshal(c.receiveUntil("READY").Data, &ready)
	return ready.Session
}

func (c *gatewayConn) closeCode() websocket.StatusCode {
	for {
		if _, _, err := c.ws.Read(c.ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

func TestGatewayCloseCodes(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{})
	login := func(token string, intents any, more ...any) map[string]any {
		m := map[string]any{"op": 2, "d": map[string]any{"token": token, "intents": intents}}
		if len(more) > 0 {
			m["d"].(map[string]any)["shard"] = more[0]
		}
		return m
	}
	for name, tc := range map[string]struct {
		query string
		send  any
		want  websocket.StatusCode
	}{
		"a wrong token":            {"", login("wrong", 0), 4004},
		"a privileged intent":      {"", login(s.Token(), 1<<15), 4014},
		"an unknown intent":        {"", login(s.Token(), 1<<30), 4013},
		"an impossible shard":      {"", login(s.Token(), 0, []int{3, 2}), 4010},
		"an unknown opcode":        {"", map[string]any{"op": 77}, 4001},
		"no packet":                {"", "hello", 4002},
		"presence before identify": {"", map[string]any{"op": 3, "d": nil}, 4003},
		"an old version":           {"?v=6", login(s.Token(), 0), 4012},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, s, tc.query)
			b, _ := json.Marshal(tc.send)
			c.ws.Write(c.ctx, websocket.MessageText, b)
			if got := c.closeCode(); got != tc.want {
				t.Errorf("got close code %d, want %d", got, tc.want)
			}
		})
	}
}

func TestGatewayCloseCodesLater(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{})
	t.Run("identifying twice", func(t *testing.T) {
		c := dial(t, s, "")
		c.login(s, 0)
		c.send(2, map[string]any{"token": s.Token(), "intents": 0})
		if got := c.closeCode(); got != 4005 {
			t.Errorf("got close code %d, want 4005", got)
		}
	})
	t.Run("121 packets in a minute", func(t *testing.T) {
		c := dial(t, s, "")
		for range 121 {
			c.send(1, nil)
		}
		if got := c.closeCode(); got != 4008 {
			t.Errorf("got close code %d, want 4008", got)
		}
	})
}

func TestGatewayIntents(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{})
	home := s.Defaults()
	noIntents, withIntents := dial(t, s, ""), dial(t, s, "")
	noIntents.login(s, 0)
	withIntents.login(s, 1|1<<9)
	if p := withIntents.receive(); p.Name != "GUILD_CREATE" {
		t.Errorf("got %s after READY, want GUILD_CREATE", p.Name)
	}
	if _, err := s.Say(home.Member.ID, home.Channel.ID, "hello"); err != nil {
		t.Fatal(err)
	}
	if p := withIntents.receive(); p.Name != "MESSAGE_CREATE" {
		t.Errorf("got %s, want MESSAGE_CREATE", p.Name)
	}
	s.Gateway.Send("SOMETHING_NEW", map[string]int{"x": 1})
	if p := noIntents.receive(); p.Name != "SOMETHING_NEW" {
		t.Errorf("without intents: got %s, want only SOMETHING_NEW", p.Name)
	}
}

// resume resumes a session that missed the event TWO, and lets the gateway fail in some ways afterwards.
func resume(t *testing.T, s *sandbox.Sandbox, session string, seq int64) {
	c := dial(t, s, "")
	c.send(6, map[string]any{"token": s.Token(), "session_id": session, "seq": seq})
	c.receive() // hello
	if a, b := c.receive(), c.receive(); a.Name != "TWO" || b.Name != "RESUMED" {
		t.Errorf("got %s, %s; want TWO, RESUMED", a.Name, b.Name)
	}
	s.Gateway.Reconnect()
	if p := c.receive(); p.Op != 7 {
		t.Errorf("got op %d, want 7", p.Op)
	}
	s.Gateway.Duplicate(2)
	s.Gateway.Send("THREE", nil)
	if a, b := c.receive(), c.receive(); a.Name != "THREE" || b.Name != "THREE" {
		t.Errorf("got %s, %s; want THREE twice", a.Name, b.Name)
	}
	s.Gateway.Duplicate(1)
	s.Gateway.Silence(true)
	c.send(1, nil)
	s.Gateway.Send("FOUR", nil)
	s.Gateway.Silence(false)
	s.Gateway.Send("FIVE", nil)
	if p := c.receiveUntil("FIVE"); p.Op != 0 {
		t.Errorf("got op %d, want 0", p.Op)
	}
}

func TestGatewayResume(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{})
	c := dial(t, s, "")
	session := c.login(s, 0)
	s.Gateway.Send("ONE", nil)
	one := c.receiveUntil("ONE")
	s.Gateway.Drop()
	s.Gateway.Send("TWO", nil)

	t.Run("a resume sends the missed events, then RESUMED", func(t *testing.T) { resume(t, s, session, *one.Seq) })
	t.Run("a forgotten session is refused with op 9", func(t *testing.T) {
		s.Gateway.Forget()
		c := dial(t, s, "")
		c.send(6, map[string]any{"token": s.Token(), "session_id": session, "seq": 1})
		c.receive()
		if p := c.receive(); p.Op != 9 || string(p.Data) != "false" {
			t.Errorf("got op %d %s, want 9 false", p.Op, p.Data)
		}
	})
	t.Run("closing with 1000 ends the session", func(t *testing.T) {
		c := dial(t, s, "")
		session := c.login(s, 0)
		c.ws.Close(websocket.StatusNormalClosure, "")
		if err := s.Wait(c.ctx, func() bool { return !s.Gateway.Online() }); err != nil {
			t.Fatal(err)
		}
		c = dial(t, s, "")
		c.send(6, map[string]any{"token": s.Token(), "session_id": session, "seq": 1})
		c.receive()
		if p := c.receive(); p.Op != 9 {
			t.Errorf("got op %d, want 9", p.Op)
		}
	})
}

func TestGatewayRevokedToken(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{})
	c := dial(t, s, "")
	c.login(s, 0)
	s.RevokeToken(true)
	if got := c.closeCode(); got != 4004 {
		t.Errorf("got close code %d, want 4004", got)
	}
}

func TestGatewayHeartbeat(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{Heartbeat: 50 * time.Millisecond})
	c := dial(t, s, "")
	var hello struct {
		Interval int `json:"heartbeat_interval"`
	}
	json.Unmarshal(c.receive().Data, &hello)
	if hello.Interval != 50 {
		t.Errorf("got interval %d, want 50", hello.Interval)
	}
	c.send(1, nil)
	if p := c.receive(); p.Op != 11 {
		t.Errorf("got op %d, want 11", p.Op)
	}
	if _, _, err := c.ws.Read(c.ctx); err == nil {
		t.Error("a bot without heartbeats stays connected, want it disconnected")
	}
}
