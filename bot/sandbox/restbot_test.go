package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"sync"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
)

// clock is a clock that tests advance.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// restBot is a bot made of plain HTTP requests.
type restBot struct {
	t        *testing.T
	s        *sandbox.Sandbox
	defaults sandbox.Defaults
	clock    *clock
}

func newRestBot(t *testing.T) *restBot {
	c := newClock()
	s := sandboxtest.Start(t, sandbox.Options{Now: c.Now})
	b := &restBot{t, s, s.Defaults(), c}
	b.mustRegister(`[{"name":"go","description":"go","options":[{"type":3,"name":"what","description":"what"}]}]`)
	return b
}

func (b *restBot) mustRegister(body string) {
	if status, _, raw := b.do("PUT", "/applications/"+b.s.AppID()+"/commands", body); status != 200 {
		b.t.Fatalf("register: %d %s", status, raw)
	}
}

type part struct {
	name string
	data []byte
}

// do sends a request and returns the status, Discord's error code, and the body.
func (b *restBot) do(method, path, body string, files ...part) (status, code int, raw []byte) {
	b.t.Helper()
	kind, data := "application/json", []byte(body)
	if len(files) > 0 {
		var buf bytes.Buffer
		w := multipart.NewWriter(&buf)
		w.WriteField("payload_json", body)
		for i, f := range files {
			p, _ := w.CreateFormFile(fmt.Sprintf("files[%d]", i), f.name)
			p.Write(f.data)
		}
		w.Close()
		kind, data = w.FormDataContentType(), buf.Bytes()
	}
	req, err := http.NewRequest(method, b.s.API()+path, bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", "DiscordBot (https://example.org, 1)")
	req.Header.Set("Authorization", "Bot "+b.s.Token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, nil
	}
	defer resp.Body.Close()
	raw, _ = io.ReadAll(resp.Body)
	var e struct {
		Code int `json:"code"`
	}
	json.Unmarshal(raw, &e)
	return resp.StatusCode, e.Code, raw
}

func (b *restBot) want(method, path, body string, status, code int, files ...part) []byte {
	b.t.Helper()
	s, c, raw := b.do(method, path, body, files...)
	if s != status || c != code {
		b.t.Errorf("%s %s %.80s: got %d/%d %.300s, want %d/%d", method, path, body, s, c, raw, status, code)
	}
	return raw
}

// command runs /go and returns the interaction, its callback path and its webhook path.
func (b *restBot) command() (i sandbox.Interaction, callback, webhook string) {
	b.t.Helper()
	i, err := b.s.Command(b.defaults.Member.ID, b.defaults.Channel.ID, "go")
	if err != nil {
		b.t.Fatal(err)
	}
	return i, "/interactions/" + i.ID + "/" + i.Token + "/callback", "/webhooks/" + b.s.AppID() + "/" + i.Token
}

const noMentions = `"allowed_mentions":{"parse":[]}`

// quiet is a JSON object with these members, and allowed_mentions that notify nobody.
func quiet(members string) string { return `{` + members + `,` + noMentions + `}` }
