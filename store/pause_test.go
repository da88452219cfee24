package store_test

import (
	"slices"
	"testing"

	"darkroom/store"
)

func testPauses(t *testing.T, s *store.Store, _ *clock) {
	noError(t, "pause", s.Pause(t.Context(), store.Pause{Kind: "lane", Name: "v1:x", Reason: "broken"}))
	noError(t, "pause", s.Pause(t.Context(), store.Pause{Kind: "pool", Reason: "move"}))
	noError(t, "policy", s.SetPolicy(t.Context(), "g1", store.Policy{Paused: true, PauseReason: "night"}, "u1"))
	noError(t, "policy", s.SetPolicy(t.Context(), "g2", store.Policy{MaxSteps: 3}, "u1"))
	all, err := s.Pauses(t.Context())
	noError(t, "pauses", err)
	var got []string
	for _, p := range all {
		got = append(got, p.Kind+"/"+p.Name+"/"+p.Reason)
	}
	if want := []string{"lane/v1:x/broken", "pool//move", "server/g1/night"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if existed, err := s.Resume(t.Context(), "pool", ""); err != nil || !existed {
		t.Errorf("resume: got %v, %v, want true, nil", existed, err)
	}
	if existed, err := s.Resume(t.Context(), "pool", ""); err != nil || existed {
		t.Errorf("resume again: got %v, %v, want false, nil", existed, err)
	}
}
