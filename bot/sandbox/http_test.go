package sandbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
)

func TestOnlyItsOwnAddress(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{Hosts: []string{"images.EXAMPLE"}})
	own := strings.TrimPrefix(s.URL(), "http://")
	for name, tc := range map[string]struct {
		host, origin, site string
		want               int
	}{
		"its own address":               {own, "", "", 200},
		"localhost":                     {"localhost:80", "", "", 200},
		"localhost in capitals":         {"LOCALHOST:80", "", "", 200},
		"a host of the settings":        {"Images.Example:80", "", "", 200},
		"another name for this address": {"evil.example", "", "", 403},
		"a page of another website":     {own, "http://evil.example", "", 403},
		"another port's page":           {own, "http://127.0.0.1:1", "", 403},
		"its own page":                  {own, s.URL(), "same-origin", 200},
		"a picture on another website":  {own, "", "cross-site", 403},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/", "/sandbox/hello", "/api/v10/gateway"} {
				req, _ := http.NewRequest(http.MethodGet, s.URL()+path, nil)
				req.Host = tc.host
				req.Header.Set("User-Agent", "DiscordBot (https://example.org, 1)")
				if tc.origin != "" {
					req.Header.Set("Origin", tc.origin)
				}
				if tc.site != "" {
					req.Header.Set("Sec-Fetch-Site", tc.site)
				}
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != tc.want {
					t.Errorf("%s: got %d, want %d", path, resp.StatusCode, tc.want)
				}
			}
		})
	}
}

func TestServeListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Skipf("cannot listen on all addresses: %v", err)
	}
	defer ln.Close()
	s, err := sandbox.New(sandbox.Options{Listener: ln})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Serve(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("got %v, want an error about loopback", err)
	}
}

// pipeListener is a listener in memory.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipeListener) Close() error   { close(p.done); return nil }
func (p *pipeListener) Addr() net.Addr { return memoryAddr{} }

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "memory" }

func TestServeInMemory(t *testing.T) {
	t.Parallel()
	ln := &pipeListener{make(chan net.Conn), make(chan struct{})}
	s, err := sandbox.New(sandbox.Options{Listener: ln})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, nil) }()
	dial := func(context.Context, string, string) (net.Conn, error) {
		a, b := net.Pipe()
		ln.conns <- b
		return a, nil
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial}}
	resp, err := client.Get(s.API() + "/gateway")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if want := `{"url":"ws://sandbox.local/gateway"}`; string(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
	cancel()
	if err := <-served; err != nil {
		t.Errorf("serve: got %v, want nil after ctx ended", err)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{})
	home := s.Defaults()
	var view struct {
		Seq int `json:"seq"`
	}
	resp, err := http.Get(s.URL() + "/sandbox/view?user=" + home.Member.ID)
	if err != nil {
		t.Fatal(err)
	}
	json.NewDecoder(resp.Body).Decode(&view)
	resp.Body.Close()

	readEvent := func(after string) string {
		resp, err := http.Get(s.URL() + "/sandbox/events?user=" + home.Member.ID + "&after=" + after)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		return ""
	}
	if _, err := s.Say(home.Moderator.ID, home.Channel.ID, "hello"); err != nil {
		t.Fatal(err)
	}
	seq, _ := json.Marshal(view.Seq)
	if got := readEvent(string(seq)); !strings.Contains(got, `"kind":"message"`) || !strings.Contains(got, "hello") {
		t.Errorf("got %s, want the message", got)
	}
	if got := readEvent("3"); got != `{"kind":"reset"}` {
		t.Errorf("got %s for a number of another run, want a reset", got)
	}
}
