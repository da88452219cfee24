package bot_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"darkroom/bot/rest"
)

// stubDiscord is the least of Discord that a bot needs to be measured: a gateway that says READY and sends
// interactions, and a REST API that takes everything and notes how old an interaction was when its first answer came.
// It costs little, because it runs on the same processor as the bot.
type stubDiscord struct {
	server *httptest.Server
	ready  chan struct{} // closed when a session has begun
	sent   int           // interactions; used by one sender

	mu      sync.Mutex
	conn    *websocket.Conn
	seq     int
	ages    []time.Duration // of the interactions that were answered in time, since the last call of takeAges
	answers chan struct{}   // gets a value for each answer, when it has room
}

func newStubDiscord(tb testing.TB) *stubDiscord {
	d := &stubDiscord{ready: make(chan struct{}), answers: make(chan struct{}, 1<<16)}
	d.server = httptest.NewServer(d)
	tb.Cleanup(d.server.Close)
	return d
}

// ServeHTTP is the gateway and the API.
func (d *stubDiscord) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := strings.TrimPrefix(r.URL.Path, "/api/v10"); {
	case path == "/gateway/":
		d.serveGateway(w, r)
	case strings.HasPrefix(path, "/gateway"):
		fmt.Fprintf(w, `{"url":"ws%s/gateway/"}`, strings.TrimPrefix(d.server.URL, "http"))
	case strings.HasSuffix(path, "/callback"):
		d.answered(strings.Split(path, "/")[2])
		fmt.Fprintf(w, `{"resource":{"type":4,"message":{"id":"%s","channel_id":"7"}}}`, rest.Snowflake(time.Now()))
	case r.Method == http.MethodGet:
		fmt.Fprint(w, `[]`)
	default:
		fmt.Fprintf(w, `{"id":"%s","channel_id":"7"}`, rest.Snowflake(time.Now()))
	}
}

func (d *stubDiscord) answered(interaction string) {
	made, _ := rest.SnowflakeTime(interaction)
	d.mu.Lock()
	defer d.mu.Unlock()
	if age := time.Since(made); age <= 3*time.Second {
		d.ages = append(d.ages, age)
	}
	select {
	case d.answers <- struct{}{}:
	default:
	}
}

// takeAges returns how old the interactions were that were answered in time since the last call.
func (d *stubDiscord) takeAges() []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	ages := d.ages
	d.ages = nil
	return ages
}

func (d *stubDiscord) serveGateway(w http.ResponseWriter, r *http.Request) {
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"op":10,"d":{"heartbeat_interval":41250}}`))
	for {
		var packet struct {
			Op int `json:"op"`
		}
		if conn.ReadJSON(&packet) != nil {
			return
		}
		switch packet.Op {
		case 1:
			d.write(conn, []byte(`{"op":11}`))
		case 2:
			d.mu.Lock()
			d.conn = conn
			d.mu.Unlock()
			d.dispatch("READY", `{"v":10,"user":{"id":"1"},"application":{"id":"1"},"session_id":"s","guilds":[]}`)
			close(d.ready)
		}
	}
}

func (d *stubDiscord) write(conn *websocket.Conn, packet []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = conn.WriteMessage(websocket.TextMessage, packet)
}

func (d *stubDiscord) dispatch(kind, data string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seq++
	packet := fmt.Sprintf(`{"op":0,"s":%d,"t":"%s","d":%s}`, d.seq, kind, data)
	_ = d.conn.WriteMessage(websocket.TextMessage, []byte(packet))
}

// imagine sends an /imagine, from one of 2,000 people of 100 servers.
func (d *stubDiscord) imagine() {
	d.sent++
	first, _ := strconv.ParseUint(rest.Snowflake(time.Now()), 10, 64)
	prompt, _ := json.Marshal("a red boat on a blue sea, watercolour, evening light --ar 3:2")
	d.dispatch("INTERACTION_CREATE", fmt.Sprintf(`{
		"id":"%d","application_id":"1","type":2,"token":"aW50ZXJhY3Rpb246%d","version":1,"locale":"en-US","context":0,
		"guild_id":"90%d","channel_id":"7","channel":{"id":"7","type":0,"name":"images"},
		"app_permissions":"562949953421311","attachment_size_limit":10485760,
		"member":{"user":{"id":"50%d","username":"someone","global_name":"Someone"},"roles":[],
			"permissions":"562949953421311"},
		"data":{"id":"3","name":"imagine","type":1,"options":[{"name":"prompt","type":3,"value":%s}]}
	}`, first+uint64(d.sent%4096), d.sent, d.sent%100, d.sent%2000, prompt))
}
