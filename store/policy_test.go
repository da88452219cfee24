package store_test

import (
	"testing"
	"time"

	"darkroom/store"
)

func exercisePolicies(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	want := store.Policy{WaitingPerUser: 8, RunningPerUser: 4, PerUserDay: 100, MaxPixels: 65536, MaxSteps: 30,
		MaxCount: 2, Paused: true, PauseReason: "spring cleaning"}
	p, err := s.Policy(ctx, "g1")
	equal(t, "policy before", []any{p, err}, []any{store.Policy{}, error(nil)})
	if err := s.SetPolicy(ctx, "g1", store.Policy{MaxSteps: 9}, "mod"); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	if err := s.SetPolicy(ctx, "g1", want, "mod"); err != nil {
		t.Fatal(err)
	}
	p, err = s.Policy(ctx, "g1")
	equal(t, "policy", []any{p, err}, []any{want, error(nil)})
	var seen store.Policy
	keepPolicy := func(p store.Policy, _ store.Usage) error { seen = p; return nil }
	if err := s.Accept(ctx, []store.Job{job("1-0")}, keepPolicy); err != nil {
		t.Fatal(err)
	}
	equal(t, "policy at judgement", seen, want)
	if err := s.ResetPolicy(ctx, "g1", "mod2"); err != nil {
		t.Fatal(err)
	}
	p, err = s.Policy(ctx, "g1")
	equal(t, "policy after reset", []any{p, err}, []any{store.Policy{}, error(nil)})
	records, err := s.AuditLog(ctx, "g1", 2)
	if err != nil || len(records) != 2 {
		t.Fatalf("audit: got %v, %v, want two records", records, err)
	}
	equal(t, "newest record", records[0],
		store.AuditRecord{Server: "g1", Actor: "mod2", Action: "reset policy", At: c.now().UTC()})
	equal(t, "record before", []any{records[1].Actor, records[1].Action, records[1].At},
		[]any{"mod", "set policy", c.now().UTC()})
}
