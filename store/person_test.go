package store_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"darkroom/store"
)

// The part of exercise about how people and servers are forgotten.

// person fills the store for exerciseErase: u1 has a job that is done, one from yesterday, and one that runs; u2 reused
// the start picture of u1 and has one of their own, which u1 reused.
func fillPerson(t *testing.T, s *store.Store, c *clock) (mine, theirs string) {
	t.Helper()
	mine, mineBytes := picture("mine")
	theirs, theirBytes := picture("theirs")
	for sha, data := range map[string][]byte{mine: mineBytes, theirs: theirBytes} {
		if err := s.PutInput(t.Context(), sha, data); err != nil {
			t.Fatal(err)
		}
	}
	entry := func(id, user, parent string, inputs ...string) store.Job {
		e := job(id)
		e.User, e.Parent, e.Inputs = user, parent, inputs
		return e
	}
	accept(t, s, entry("1-0", "u1", ""))
	finish(t, s, "1-0")
	c.advance(store.Day + time.Hour)
	accept(t, s, entry("2-0", "u1", "", mine), entry("3-0", "u2", "", theirs), entry("4-0", "u2", "2-0", mine), entry("5-0", "u1", "3-0", theirs))
	finish(t, s, "2-0", "3-0", "4-0", "5-0")
	acceptAndAcknowledge(t, s, "6-0")
	if err := s.SavePreset(t.Context(), "u1", "sea", json.RawMessage(`{}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.SetPolicy(t.Context(), "g1", store.Policy{PerUserDay: 9}, "u1"); err != nil {
		t.Fatal(err)
	}
	return mine, theirs
}

func exerciseErase(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	mine, theirs := fillPerson(t, s, c)
	p, err := s.Person(ctx, "u1", 3)
	equal(t, "person", []any{ids(p.Jobs), p.OlderJobs, len(p.Presets), len(p.Totals), len(p.AuditRecords), err}, []any{[]string{"6-0", "5-0", "2-0"}, 1, 1, 2, 1, error(nil)})
	equal(t, "what was spent", p.Totals[1], store.DailyTotals{Server: "g1", Day: noon.UTC().Truncate(store.Day).Add(store.Day), Totals: store.Totals{Pictures: 8, Millis: 2300}})
	before, err := s.Usage(ctx, "g1", "u1")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Erase(ctx, "u1"); err != nil {
		t.Fatal(err)
	}
	after, err := s.Usage(ctx, "g1", "u1")
	equal(t, "usage after erasing", []any{after, err}, []any{before, error(nil)})
	for _, id := range []string{"1-0", "2-0", "5-0"} {
		if _, err := s.Find(ctx, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("job %s: got %v, want %v", id, err, store.ErrNotFound)
		}
	}
	if err := s.Accept(ctx, []store.Job{job("2-0")}, acceptAlways); !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("a repeated event of an erased job: got %v, want %v", err, store.ErrDuplicate)
	}
	p, err = s.Person(ctx, "u1", 9)
	equal(t, "person after", []any{ids(p.Jobs), p.OlderJobs, len(p.Presets), len(p.Totals), len(p.AuditRecords), err}, []any{[]string{"6-0"}, 0, 0, 0, 0, error(nil)})
	if _, err := s.Input(ctx, mine); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("their start picture: got %v, want %v", err, store.ErrNotFound)
	}
	if _, err := s.Input(ctx, theirs); err != nil {
		t.Errorf("somebody else's start picture: %v", err)
	}
	equal(t, "somebody else's job", find(t, s, "4-0").State, store.Done)
	exerciseFinishErasures(t, s, c)
}

// exerciseFinishErasures: u1 was erased while 6-0 was waiting, and goes on painting.
func exerciseFinishErasures(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	sweep := func() {
		t.Helper()
		if err := s.FinishErasures(ctx); err != nil {
			t.Fatal(err)
		}
	}
	c.advance(time.Minute)
	acceptAndAcknowledge(t, s, "7-0")
	sweep()
	equal(t, "the unfinished job", find(t, s, "6-0").State, store.Waiting)
	finish(t, s, "6-0", "7-0")
	sweep()
	if _, err := s.Find(ctx, "6-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the job that ended: got %v, want %v", err, store.ErrNotFound)
	}
	equal(t, "a job from after the erasure", find(t, s, "7-0").State, store.Done)
	p, err := s.Person(ctx, "u1", 9)
	equal(t, "what was painted since", []any{len(p.Totals), p.Totals[0].Pictures, err}, []any{1, 4, error(nil)})
	c.advance(store.Day)
	sweep()
	count, err := s.Count(ctx)
	equal(t, "rows a day later", []any{count, err}, []any{map[store.State]int{store.Done: 3}, error(nil)}) // 3-0, 4-0, 7-0
	accept(t, s, job("2-0"))
	finish(t, s, "2-0")
	sweep()
	equal(t, "a job long after the erasure", find(t, s, "2-0").State, store.Done)
}

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
	if err := s.MarkDeparted(ctx, "g1"); err != nil { // told again: the first time counts
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
