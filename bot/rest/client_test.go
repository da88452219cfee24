package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
)

// exchange is one request a test server got.
type exchange struct {
	method, path, auth, agent, kind string
	body                            []byte
}

// server answers requests in the order of its answers and keeps what it got. The last answer repeats.
type server struct {
	mu       sync.Mutex
	received []exchange
	answers  []func(w http.ResponseWriter)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.received = append(
		s.received,
		exchange{
			r.Method, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("User-Agent"), r.Header.Get("Content-Type"), body,
		},
	)
	answer := s.answers[min(len(s.received), len(s.answers))-1]
	s.mu.Unlock()
	answer(w)
}

func (s *server) requests() []exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]exchange(nil), s.received...)
}

func respondWith(status int, body string, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func startServer(t *testing.T, answers ...func(http.ResponseWriter)) (*server, *rest.Client) {
	t.Helper()
	s := &server{answers: answers}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return s, rest.NewClient(rest.Options{Base: h.URL + "/api/v10", Token: "secret-bot-token"})
}

var address = message.Address{
	Application: "11", Token: "aW50ZXJhY3Rpb246c2VjcmV0", Channel: "5", Message: message.Original, User: "77",
	Verb: "imagine",
}

func payload(t *testing.T, x exchange) (map[string]any, map[string]string) {
	t.Helper()
	var p map[string]any
	files := map[string]string{}
	kind, params, _ := mime.ParseMediaType(x.kind)
	if kind != "multipart/form-data" {
		if err := json.Unmarshal(x.body, &p); err != nil {
			t.Fatalf("body %q: %v", x.body, err)
		}
		return p, files
	}
	parts := multipart.NewReader(strings.NewReader(string(x.body)), params["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return p, files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(part)
		if part.FormName() == "payload_json" {
			if err := json.Unmarshal(data, &p); err != nil {
				t.Fatal(err)
			}
			continue
		}
		files[part.FormName()+"="+part.FileName()] = string(data)
	}
}

func TestEditResponse(t *testing.T) {
	t.Parallel()
	t.Run("always names who may be pinged and which files stay", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(200, `{"id":"9","channel_id":"5"}`))
		p, err := c.EditResponse(context.Background(), address, message.Message{Content: "hello"})
		if err != nil || p.ID != "9" {
			t.Fatalf("Edit = %+v, %v", p, err)
		}
		x := s.requests()[0]
		if want := "/api/v10/webhooks/11/" + address.Token + "/messages/@original"; x.method != "PATCH" || x.path != want {
			t.Errorf("request %s %s, want PATCH %s", x.method, x.path, want)
		}
		if x.auth != "" {
			t.Errorf("Authorization %q went out with an interaction token, want none", x.auth)
		}
		body, _ := payload(t, x)
		mentions := body["allowed_mentions"].(map[string]any)
		if parse, ok := mentions["parse"].([]any); !ok || len(parse) != 0 {
			t.Errorf("allowed_mentions %v, want an explicit empty parse", mentions)
		}
		if files, ok := body["attachments"].([]any); !ok || len(files) != 0 {
			t.Errorf("attachments %v, want an explicit empty list", body["attachments"])
		}
	})
	t.Run("sends files under names that cannot break out of a header", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(200, `{}`))
		m := message.Message{Files: []message.File{{Name: "a\r\nX: \"1.PNG", Data: []byte("bytes"), Spoiler: true}}}
		if _, err := c.EditResponse(context.Background(), address, m); err != nil {
			t.Fatal(err)
		}
		body, files := payload(t, s.requests()[0])
		if files["files[0]=SPOILER_a__x___1.png"] != "bytes" {
			t.Errorf("files %v", files)
		}
		if list := body["attachments"].([]any); len(list) != 1 || list[0].(map[string]any)["is_spoiler"] != true {
			t.Errorf("attachments %v, want the new spoiler", list)
		}
	})
	t.Run("waits as long as a 429 asks and tries again", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(
			t, respondWith(429, `{"message":"slow","retry_after":0.01,"global":false}`), respondWith(200, `{"id":"9"}`),
		)
		if _, err := c.EditResponse(context.Background(), address, message.Message{Content: "x"}); err != nil {
			t.Fatal(err)
		}
		if n := len(s.requests()); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
	})
	t.Run("gives up at once when the limit outlasts the caller", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(429, `{"retry_after":3600}`))
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if _, err := c.EditResponse(ctx, address, message.Message{}); err == nil || ctx.Err() != nil {
			t.Errorf("Edit = %v with ctx %v, want an error before the deadline", err, ctx.Err())
		}
		if n := len(s.requests()); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
	t.Run("waits out a used-up bucket without sending", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(200, `{}`, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset-After", "3600"))
		if _, err := c.EditResponse(context.Background(), address, message.Message{}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if _, err := c.EditResponse(ctx, address, message.Message{}); err == nil {
			t.Error("second Edit succeeded, want a refusal for lack of time")
		}
		other := address
		other.Token = "b3RoZXI"
		if _, err := c.EditResponse(ctx, other, message.Message{}); err != nil {
			t.Errorf("another interaction's edit: %v, want it unhindered", err)
		}
		if n := len(s.requests()); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
	})
	t.Run("tries again after a server error", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(502, "<html>bad gateway</html>"), respondWith(200, `{"id":"9"}`))
		if _, err := c.EditResponse(context.Background(), address, message.Message{}); err != nil {
			t.Fatal(err)
		}
		if n := len(s.requests()); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
	})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		is     func(error) bool
	}{
		"a deleted message is Removed":    {404, `{"code":10008,"message":"Unknown Message"}`, rest.Removed},
		"an old token is Expired":         {401, `{"code":50027,"message":"Invalid Webhook Token"}`, rest.Expired},
		"no permission is Forbidden":      {403, `{"code":50013,"message":"Missing Permissions"}`, rest.Forbidden},
		"a proxy's 413 is TooLarge":       {413, `<html>`, rest.TooLarge},
		"a second answer is Acknowledged": {400, `{"code":40060,"message":"already acknowledged"}`, rest.Acknowledged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, client := startServer(t, respondWith(c.status, c.body))
			_, err := client.EditResponse(context.Background(), address, message.Message{})
			if err == nil || !c.is(err) || !rest.Final(err) {
				t.Errorf("error %v is not recognised", err)
			}
			if strings.Contains(err.Error(), address.Token) {
				t.Errorf("error %q holds the token", err)
			}
		})
	}
	t.Run("a proxy's 401 does not stop the bot's token", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(401, `<html>`), respondWith(200, `{"id":"9"}`))
		if _, err := c.PostMessage(t.Context(), "5", message.Message{}); err == nil || errors.Is(err, rest.ErrUnauthorized) {
			t.Errorf("got %v, want an error that says nothing about the token", err)
		}
		if m, err := c.PostMessage(t.Context(), "5", message.Message{}); err != nil || m.ID != "9" {
			t.Errorf("got %+v, %v after %d requests; want it posted", m, err, len(s.requests()))
		}
	})
	t.Run("a broken connection does not tell the token", func(t *testing.T) {
		t.Parallel()
		c := rest.NewClient(rest.Options{Base: "http://127.0.0.1:1/api"})
		_, err := c.Callback(context.Background(), "1", "c2VjcmV0", message.Defer(false))
		if err == nil || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("error %v, want one without the token", err)
		}
	})
	t.Run("a refused bot token stops everything that uses it", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(401, `{"message":"401: Unauthorized","code":0}`))
		for range 3 {
			if _, err := c.PostMessage(context.Background(), "5", message.Message{}); !errors.Is(err, rest.ErrUnauthorized) {
				t.Errorf("Post: %v, want ErrUnauthorized", err)
			}
		}
		if n := len(s.requests()); n != 1 {
			t.Errorf("%d requests after a 401, want 1", n)
		}
	})
	t.Run("a limit without headers or body comes from a proxy, lasts a minute, and is not Final", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(429, `<html>`))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := c.EditResponse(ctx, address, message.Message{})
		if err == nil || rest.Final(err) {
			t.Errorf("got %v, want an error that may pass", err)
		}
		if n := len(s.requests()); n != 1 {
			t.Errorf("%d requests, want 1: there is no time for another", n)
		}
	})
	t.Run("redacts tokens in any text", func(t *testing.T) {
		t.Parallel()
		text := rest.Redact(`Patch "https://discord.com/api/v10/webhooks/11/aW50ZXJhY3Rpb24/messages/@original": EOF`)
		if strings.Contains(text, "aW50") || !strings.Contains(text, "messages/@original") {
			t.Errorf("Redact = %q", text)
		}
	})
}

func TestCallback(t *testing.T) {
	t.Parallel()
	t.Run("returns the message it made", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(200, `{"resource":{"type":4,"message":{"id":"42","channel_id":"5"}}}`))
		p, err := c.Callback(context.Background(), "1", "tok", message.Reply(message.Message{Content: "x", Private: true}))
		if err != nil || p.ID != "42" {
			t.Fatalf("Callback = %+v, %v", p, err)
		}
		body, _ := payload(t, s.requests()[0])
		if body["type"] != 4.0 || int(body["data"].(map[string]any)["flags"].(float64))&message.Ephemeral == 0 {
			t.Errorf("body %v, want type 4 with the ephemeral flag", body)
		}
	})
	t.Run("does not wait for a limit that outlasts the interaction", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(429, `<html>`))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		_, err := c.Callback(ctx, "1", "tok", message.Defer(false))
		if left, ok := ctx.Deadline(); err == nil || !ok || time.Until(left) < 9*time.Minute || len(s.requests()) != 1 {
			t.Errorf("got %v after %d requests; want an error at once", err, len(s.requests()))
		}
	})
	t.Run("offers an empty list as a list", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(204, ""))
		if _, err := c.Callback(context.Background(), "1", "tok", message.Choices(nil)); err != nil {
			t.Fatal(err)
		}
		if got := string(s.requests()[0].body); got != `{"data":{"choices":[]},"type":8}` {
			t.Errorf("body %s", got)
		}
	})
	t.Run("opens a form with labels", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(204, ""))
		form := message.Form{
			ID: "1:remix:1-0:0", Title: "Remix",
			Fields: []message.Field{{ID: "prompt", Label: "Prompt", Value: "a boat", Long: true, Max: 4000}},
		}
		if _, err := c.Callback(context.Background(), "1", "tok", message.OpenForm(form)); err != nil {
			t.Fatal(err)
		}
		body, _ := payload(t, s.requests()[0])
		label := body["data"].(map[string]any)["components"].([]any)[0].(map[string]any)
		if label["type"] != 18.0 || label["component"].(map[string]any)["value"] != "a boat" {
			t.Errorf("form %v", body)
		}
	})
}
