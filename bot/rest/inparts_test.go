package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/bot/rest"
)

// withFiles is a finished message with four files, of which two fit one request.
func withFiles() message.Message {
	m := message.Message{
		Content: "done", RequestBytes: 7,
		Rows:    []message.Row{{{Style: message.Primary, Label: "Remix", ID: "1:remix:1-0:0"}}},
		Posting: message.CancelRow(language.Language{}, "1-0"), AllowUsers: []string{"3"},
	}
	for _, name := range []string{"d.png", "c.png", "b.png", "a.png"} {
		m.Files = append(m.Files, message.File{Name: name, Data: []byte("abc")})
	}
	return m
}

// kept answers each request with all files that its message then has.
func kept(t *testing.T, s **server) func(http.ResponseWriter) {
	t.Helper()
	return func(w http.ResponseWriter) {
		all := (*s).requests()
		body, _ := payload(t, all[len(all)-1])
		var files []map[string]any
		for i, a := range body["attachments"].([]any) {
			a := a.(map[string]any)
			id := a["id"].(string)
			if len(id) < 3 { // a new file, which gets an id
				id = fmt.Sprintf("9%d%d", len(all), i)
			}
			files = append(files, map[string]any{"id": id, "filename": a["filename"]})
		}
		slices.Reverse(files) // whatever order Discord lists them in
		answer, err := json.Marshal(map[string]any{"id": "9", "channel_id": "5", "attachments": files})
		if err != nil {
			t.Error(err)
		}
		respondWith(200, string(answer))(w)
	}
}

func TestEditInParts(t *testing.T) {
	t.Parallel()
	var s *server
	s, c := startServer(t, func(w http.ResponseWriter) { kept(t, &s)(w) })
	if _, err := c.EditResponse(context.Background(), address, withFiles()); err != nil {
		t.Fatal(err)
	}
	got := s.requests()
	if len(got) != 2 {
		t.Fatalf("%d requests, want 2", len(got))
	}
	first, files := payload(t, got[0])
	if len(files) != 2 || files["files[0]=d.png"] != "abc" || files["files[1]=c.png"] != "abc" {
		t.Errorf("the first request has %v, want the first two files", files)
	}
	if text := fmt.Sprint(first["components"]); strings.Contains(text, "remix") || !strings.Contains(text, "cancel") {
		t.Errorf("the first request has the rows %s, want those of a message that is not finished", text)
	}
	second, files := payload(t, got[1])
	var names []string
	for _, a := range second["attachments"].([]any) {
		names = append(names, a.(map[string]any)["filename"].(string))
	}
	if len(files) != 2 || !slices.Equal(names, []string{"d.png", "c.png", "b.png", "a.png"}) {
		t.Errorf("the second request has %v and keeps %v, want two files more, in their order", files, names)
	}
	if text := fmt.Sprint(second["components"]); !strings.Contains(text, "remix") {
		t.Errorf("the second request has the rows %s, want the finished ones", text)
	}
}

// A bot that died between the requests of a post adds what is missing, and nothing twice.
func TestPostInParts(t *testing.T) {
	t.Parallel()
	var s *server
	s, c := startServer(t, func(w http.ResponseWriter) { kept(t, &s)(w) })
	m := withFiles()
	m.Nonce = "1-0"
	if _, err := c.PostMessage(context.Background(), "5", m); err != nil {
		t.Fatal(err)
	}
	got := s.requests()
	if len(got) != 2 || got[0].method != http.MethodPost || got[1].method != http.MethodPatch {
		t.Fatalf("got %d requests, want a post and an edit", len(got))
	}
	if body, _ := payload(t, got[1]); body["nonce"] != nil {
		t.Error("the edit has a nonce")
	}
	posted := rest.Message{ID: "9", Channel: "5", Attachments: []rest.Attachment{
		{ID: "901", Filename: "b.png"}, {ID: "902", Filename: "d.png"},
	}}
	if _, err := c.Complete(context.Background(), "5", posted, m); err != nil {
		t.Fatal(err)
	}
	got = s.requests()[2:]
	if len(got) != 1 {
		t.Fatalf("%d requests to complete a post, want 1", len(got))
	}
	if body, files := payload(t, got[0]); len(files) != 2 || files["files[0]=c.png"] == "" ||
		files["files[1]=a.png"] == "" || len(body["attachments"].([]any)) != 4 {
		t.Errorf("completed with %v and %v, want the two that were missing", files, body["attachments"])
	}
	posted.Attachments = nil
	for _, f := range m.Files {
		posted.Attachments = append(posted.Attachments, rest.Attachment{ID: "9" + f.Name, Filename: f.Name})
	}
	if _, err := c.Complete(context.Background(), "5", posted, m); err != nil || len(s.requests()) != 3 {
		t.Errorf("a whole message: %v and %d requests, want none", err, len(s.requests())-3)
	}
}

// A place that loses files is not asked for ever.
func TestFilesThatAreNotKept(t *testing.T) {
	t.Parallel()
	s, c := startServer(t, respondWith(200, `{"id":"9","channel_id":"5"}`))
	if _, err := c.EditResponse(context.Background(), address, withFiles()); err == nil || len(s.requests()) != 1 {
		t.Errorf("edit: %v and %d requests, want an error and one", err, len(s.requests()))
	}
	if _, err := c.PostMessage(context.Background(), "5", withFiles()); err == nil || len(s.requests()) > 5 {
		t.Errorf("post: %v and %d requests, want an error soon", err, len(s.requests()))
	}
}
