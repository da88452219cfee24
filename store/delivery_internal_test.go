package store

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

func TestInboxLimit(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), Options{})
	noError(t, err)
	t.Cleanup(func() { s.Close() })
	dropOldestPictures(t, s)
}

// dropOldestPictures fills the inboxes beyond a limit of four images of ten bytes. Each delivery has two.
func dropOldestPictures(t *testing.T, s *Store) {
	now := time.UnixMilli(1_000_000)
	s.now, s.inboxBytes = func() time.Time { return now }, 40
	put := func(id string) {
		t.Helper()
		j := Job{ID: id, Server: "g", User: "u" + id, Pictures: 2, Spec: []byte(`{}`), Address: []byte(`{}`)}
		noError(t, s.Accept(t.Context(), []Job{j}, func(Policy, Usage) error { return nil }))
		picture := InboxPicture{Name: "a.png", Data: []byte("0123456789")}
		_, err := s.FinishWithDelivery(t.Context(), id, json.RawMessage(`{}`), Delivery{State: Inbox},
			[]InboxPicture{picture, picture})
		noError(t, err)
	}
	want := func(counts map[string]int) {
		t.Helper()
		for id, n := range counts {
			pictures, err := s.InboxPictures(t.Context(), id)
			same(t, fmt.Sprint("pictures of ", id), []any{len(pictures), err}, []any{n, error(nil)})
			if d, err := s.Delivery(t.Context(), id); err != nil || d.State != Inbox {
				t.Errorf("delivery of %s: got %+v, %v, want it in the inbox", id, d, err)
			}
		}
	}
	put("9") // the oldest, though its id is the last
	now = now.Add(time.Second)
	put("5")
	want(map[string]int{"9": 2, "5": 2})
	now = now.Add(time.Second)
	put("1")
	want(map[string]int{"9": 0, "5": 2, "1": 2})
	put("2") // at the same time as 1: the later id is the newer
	want(map[string]int{"9": 0, "5": 0, "1": 2, "2": 2})
	s.inboxBytes = 39 // one byte too little for two deliveries
	put("3")
	want(map[string]int{"1": 0, "2": 0, "3": 2})
}
