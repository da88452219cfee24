package store_test

import (
	"testing"

	"darkroom/store"
)

// exerciseSettings checks that one read tells the same as the two reads that it replaces.
func exerciseSettings(t *testing.T, s *store.Store, _ *clock) {
	ctx := t.Context()
	want := func(server string, p store.Policy, weights map[string]int) {
		t.Helper()
		policy, got, err := s.PolicyAndWeights(ctx, server)
		equal(t, "settings of "+server, []any{policy, got, err}, []any{p, weights, error(nil)})
		policy, err = s.Policy(ctx, server)
		equal(t, "policy of "+server, []any{policy, err}, []any{p, error(nil)})
	}
	p := store.Policy{WaitingPerUser: 1, RunningPerUser: 2, PerUserDay: 3, MaxPixels: 4, MaxSteps: 5, MaxCount: 6,
		Paused: true, PauseReason: "night"}
	none := map[string]int{}
	want("g1", store.Policy{}, none)
	noError(t, "set policy", s.SetPolicy(ctx, "g1", p, "mod"))
	want("g1", p, none)
	for role, percent := range map[string]int{"patron": 200, "guest": 50} {
		noError(t, "set weight", s.SetRoleWeight(ctx, "g1", role, percent, "mod"))
		noError(t, "set weight", s.SetRoleWeight(ctx, "g2", role, percent, "mod"))
	}
	want("g1", p, map[string]int{"patron": 200, "guest": 50})
	want("g2", store.Policy{}, map[string]int{"patron": 200, "guest": 50})
	want("g3", store.Policy{}, none)
}
