package store_test

import (
	"encoding/json"
	"testing"

	"darkroom/store"
)

func exerciseWeights(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	set := func(role string, percent int) {
		t.Helper()
		if err := s.SetRoleWeight(ctx, "g1", role, percent, "mod"); err != nil {
			t.Fatal(err)
		}
	}
	weights := func(server string, want map[string]int) {
		t.Helper()
		_, got, err := s.PolicyAndWeights(ctx, server)
		equal(t, "weights of "+server, []any{got, err}, []any{want, error(nil)})
	}
	weights("g1", map[string]int{})
	set("patron", 200)
	set("patron", 300)
	set("guest", 50)
	set("guest", 100)
	set("nobody", 0)
	weights("g1", map[string]int{"patron": 300})
	weights("g2", map[string]int{})
	if err := s.SetRoleWeight(ctx, "g1", "patron", -1, "mod"); err == nil {
		t.Error("a weight below zero: got no error")
	}
	if err := s.SetRoleWeight(ctx, "g2", "patron", 50, "mod"); err != nil {
		t.Fatal(err)
	}
	if err := s.ResetPolicy(ctx, "g2", "mod"); err != nil {
		t.Fatal(err)
	}
	weights("g2", map[string]int{})
	records, err := s.AuditLog(ctx, "g1", 1)
	equal(t, "the record", []any{records, err}, []any{[]store.AuditRecord{{
		Server: "g1", Actor: "mod", Action: "set role weight",
		Detail: json.RawMessage(`{"percent":0,"role":"nobody"}`), At: c.now().UTC()}}, error(nil)})
	j := job("1-0")
	j.Weight = 300
	accept(t, s, j)
	equal(t, "weight of a job", find(t, s, "1-0").Weight, 300)
}
