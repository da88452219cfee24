package store_test

import (
	"errors"
	"testing"
	"time"

	"darkroom/store"
)

func exerciseDepartures(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	acceptAndAcknowledge(t, s, "1-0", "1-1")
	finish(t, s, "1-0")
	other := job("2-0")
	other.Server = "g2"
	accept(t, s, other)
	for _, err := range []error{
		s.SetPolicy(ctx, "g1", store.Policy{MaxSteps: 9}, "mod"), s.SetRoleWeight(ctx, "g1", "r", 200, "mod"),
		s.MarkDeparted(ctx, "g1"), s.MarkDeparted(ctx, "g2"), s.MarkRejoined(ctx, "g2"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	servers, err := s.Servers(ctx)
	equal(t, "servers", []any{servers, err}, []any{map[string]bool{"g1": true, "g2": false}, error(nil)})
	forget := func(want ...string) {
		t.Helper()
		gone, err := s.ForgetServers(ctx, time.Hour)
		equal(t, "forgotten", []any{gone, err}, []any{want, error(nil)})
	}
	c.advance(59 * time.Minute)
	if err := s.MarkDeparted(ctx, "g1"); err != nil { // a second time: the first one counts
		t.Fatal(err)
	}
	forget()
	equal(t, "a job before the period is over", find(t, s, "1-0").State, store.Done)
	c.advance(time.Minute)
	forget("g1")
	forget()
	servers, err = s.Servers(ctx)
	equal(t, "servers left", []any{servers, err}, []any{map[string]bool{"g2": false}, error(nil)})
	for _, id := range []string{"1-0", "1-1"} {
		if _, err := s.Find(ctx, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("job %s: got %v, want %v", id, err, store.ErrNotFound)
		}
	}
	equal(t, "another server's job", find(t, s, "2-0").State, store.Accepted)
	p, err := s.Policy(ctx, "g1")
	equal(t, "policy", []any{p, err}, []any{store.Policy{}, error(nil)})
	records, err := s.AuditLog(ctx, "g1", 9)
	equal(t, "audit", []any{records, err}, []any{[]store.AuditRecord(nil), error(nil)})
}
