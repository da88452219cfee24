package store_test

import (
	"testing"

	"darkroom/store"
)

// exerciseCrashes checks that a run counts as a crash from its beginning until the process survives it.
func exerciseCrashes(t *testing.T, s *store.Store, _ *clock) {
	ctx := t.Context()
	acceptAndAcknowledge(t, s, "1-0", "2-0", "3-0")
	for range 2 {
		mustChange(t, s.RunBegan, "1-0")
		mustChange(t, s.RunBegan, "2-0")
		mustChange(t, s.RunSurvived, "2-0")
		mustChange(t, s.RunBegan, "3-0")
	}
	finish(t, s, "3-0")
	for times, want := range map[int][]string{1: {"1-0"}, 2: {"1-0"}, 3: nil} {
		got, err := s.CrashedJobs(ctx, times)
		equal(t, "crashed", []any{got, err}, []any{want, error(nil)})
	}
	if done, err := s.RunBegan(ctx, "3-0"); done || err != nil {
		t.Errorf("run after the end: got %v, %v, want false, nil", done, err)
	}
}
