package interaction

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"darkroom/bot/command"
	"darkroom/store"
)

// inboxStore has one entry that its owner has not seen, and one that they saw an hour ago.
type inboxStore struct {
	submitStore
	now time.Time
}

// InboxOf lists the entries as store.Store does.
func (s inboxStore) InboxOf(_ context.Context, _ string, since time.Time) ([]store.Delivery, error) {
	all := []store.Delivery{{Job: "1-0", State: store.Inbox, At: s.now}}
	if seen := s.now.Add(-time.Hour); !seen.Before(since) {
		all = append(all, store.Delivery{Job: "2-0", State: store.InboxShown, At: seen})
	}
	return all, nil
}

func TestCountInboxLeavesOutWhatWasShown(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := submitter{db: inboxStore{now: now}, now: func() time.Time { return now }, log: slog.New(slog.DiscardHandler)}
	if n := s.countInbox(t.Context(), &responder{req: command.Request{}}); n != 1 {
		t.Errorf("got %d, want 1", n)
	}
}
