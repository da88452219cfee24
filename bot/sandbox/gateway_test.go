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

// gatewayConn is a bare gateway connection, to see exactly what is said.
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
	ws, _, err := websocket.Dial(ctx, "ws"+s.URL()[4:]+"/gateway"+query, nil)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { ws.CloseNow() })
	ws.SetReadLimit(1 << 20)
	return &gatewayConn{t, ctx, ws}
}

func (l *gatewayConn) send(op int, data any) {
	l.t.Helper()
	b, _ := json.Marshal(map[string]any{"op": op, "d": data})
	if err := l.ws.Write(l.ctx, websocket.MessageText, b); err != nil {
		l.t.Fatalf("write: %v", err)
	}
}

func (l *gatewayConn) receive() packet {
	l.t.Helper()
	kind, data, err := l.ws.Read(l.ctx)
	if err != nil {
		l.t.Fatalf("read: %v", err)
	}
	if kind == websocket.MessageBinary {
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			l.t.Fatalf("unpack: %v", err)
		}
		var b bytes.Buffer
		b.ReadFrom(z)
		data = b.Bytes()
	}
	var p packet
	if err := json.Unmarshal(data, &p); err != nil {
		l.t.Fatalf("read packet: %v", err)
	}
	return p
}

// receiveUntil skips packets up to the one with this name.
func (l *gatewayConn) receiveUntil(name string) packet {
	l.t.Helper()
	for {
		if p := l.receive(); p.Name == name {
			return p
		}
	}
}

func (l *gatewayConn) login(s *sandbox.Sandbox, intents int) (session string) {
	l.t.Helper()
	l.send(2, map[string]any{"token": s.Token(), "intents": intents, "compress": true, "properties": map[string]string{}})
	var ready struct {
		Session string `json:"session_id"`
	}
	json.Unmarshal(l.receiveUntil("READY").Data, &ready)
	return ready.Session
}

func (l *gatewayConn) closeCode() websocket.StatusCode {
	for {
		if _, _, err := l.ws.Read(l.ctx); err != nil {
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
		say   any
		want  websocket.StatusCode
	}{
		"a wrong token":            {"", login("wrong", 0), 4004},
		"a privileged intent":      {"", login(s.Token(), 1<<15), 4014},
		"an intent nobody knows":   {"", login(s.Token(), 1<<30), 4013},
		"a shard that cannot be":   {"", login(s.Token(), 0, []int{3, 2}), 4010},
		"an opcode nobody knows":   {"", map[string]any{"op": 77}, 4001},
		"no packet at all":         {"", "hello", 4002},
		"presence before identify": {"", map[string]any{"op": 3, "d": nil}, 4003},
		"an old version":           {"?v=6", login(s.Token(), 0), 4012},
	} {
		t.Run(name, func(t *testing.T) {
			l := dial(t, s, tc.query)
			b, _ := json.Marshal(tc.say)
			l.ws.Write(l.ctx, websocket.MessageText, b)
			if got := l.closeCode(); got != tc.want {
				t.Errorf("got close code %d, want %d", got, tc.want)
			}
		})
	}
	t.Run("identifying twice", func(t *testing.T) {
		l := dial(t, s, "")
		l.login(s, 0)
		l.send(2, map[string]any{"token": s.Token(), "intents": 0})
		if got := l.closeCode(); got != 4005 {
			t.Errorf("got close code %d, want 4005", got)
		}
	})
	t.Run("121 packets in a minute", func(t *testing.T) {
		l := dial(t, s, "")
		for range 121 {
			l.send(1, nil)
		}
		if got := l.closeCode(); got != 4008 {
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

func TestGatewayResume(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{})
	l := dial(t, s, "")
	session := l.login(s, 0)
	s.Gateway.Send("ONE", nil)
	one := l.receiveUntil("ONE")
	s.Gateway.Drop()
	s.Gateway.Send("TWO", nil)

	t.Run("what was missed is replayed, then RESUMED", func(t *testing.T) {
		l := dial(t, s, "")
		l.send(6, map[string]any{"token": s.Token(), "session_id": session, "seq": *one.Seq})
		l.receive() // hello
		if a, b := l.receive(), l.receive(); a.Name != "TWO" || b.Name != "RESUMED" {
			t.Errorf("got %s, %s; want TWO, RESUMED", a.Name, b.Name)
		}
		s.Gateway.Reconnect()
		if p := l.receive(); p.Op != 7 {
			t.Errorf("got op %d, want 7", p.Op)
		}
		s.Gateway.Duplicate(2)
		s.Gateway.Send("THREE", nil)
		if a, b := l.receive(), l.receive(); a.Name != "THREE" || b.Name != "THREE" {
			t.Errorf("got %s, %s; want THREE twice", a.Name, b.Name)
		}
		s.Gateway.Duplicate(1)
		s.Gateway.Silence(true)
		l.send(1, nil)
		s.Gateway.Send("FOUR", nil)
		s.Gateway.Silence(false)
		s.Gateway.Send("FIVE", nil)
		if p := l.receiveUntil("FIVE"); p.Op != 0 {
			t.Errorf("got op %d, want 0", p.Op)
		}
	})
	t.Run("a forgotten session is refused with op 9", func(t *testing.T) {
		s.Gateway.Forget()
		l := dial(t, s, "")
		l.send(6, map[string]any{"token": s.Token(), "session_id": session, "seq": 1})
		l.receive()
		if p := l.receive(); p.Op != 9 || string(p.Data) != "false" {
			t.Errorf("got op %d %s, want 9 false", p.Op, p.Data)
		}
	})
	t.Run("closing with 1000 ends the session", func(t *testing.T) {
		l := dial(t, s, "")
		session := l.login(s, 0)
		l.ws.Close(websocket.StatusNormalClosure, "")
		if err := s.Wait(l.ctx, func() bool { return !s.Gateway.Online() }); err != nil {
			t.Fatal(err)
		}
		l = dial(t, s, "")
		l.send(6, map[string]any{"token": s.Token(), "session_id": session, "seq": 1})
		l.receive()
		if p := l.receive(); p.Op != 9 {
			t.Errorf("got op %d, want 9", p.Op)
		}
	})
}

func TestGatewayRevokedToken(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{})
	l := dial(t, s, "")
	l.login(s, 0)
	s.RevokeToken(true)
	if got := l.closeCode(); got != 4004 {
		t.Errorf("got close code %d, want 4004", got)
	}
}

func TestGatewayHeartbeat(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{Heartbeat: 50 * time.Millisecond})
	l := dial(t, s, "")
	var hello struct {
		Interval int `json:"heartbeat_interval"`
	}
	json.Unmarshal(l.receive().Data, &hello)
	if hello.Interval != 50 {
		t.Errorf("got interval %d, want 50", hello.Interval)
	}
	l.send(1, nil)
	if p := l.receive(); p.Op != 11 {
		t.Errorf("got op %d, want 11", p.Op)
	}
	if _, _, err := l.ws.Read(l.ctx); err == nil {
		t.Error("a bot that never beats again stays connected, want it dropped")
	}
}
