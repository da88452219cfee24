package store_test

import (
	"context"
	"testing"

	"darkroom/store"
)

// exerciseCrashes: a count of crashes only grows, until the job has ended.
func exerciseCrashes(t *testing.T, s *store.Store, _ *clock) {
	acceptAndAcknowledge(t, s, "1-0", "2-0", "3-0")
	for _, c := range []struct {
		crashes int
		change  bool
		want    int
	}{{1, true, 1}, {1, false, 1}, {2, true, 2}, {1, false, 2}} {
		change, err := s.RecordCrashes(t.Context(), "1-0", c.crashes)
		equal(t, "recorded", []any{change, err, find(t, s, "1-0").Crashes}, []any{c.change, error(nil), c.want})
	}
	equal(t, "crashes of another", find(t, s, "2-0").Crashes, 0)
	finish(t, s, "3-0")
	if change, err := s.RecordCrashes(t.Context(), "3-0", 1); change || err != nil {
		t.Errorf("after the end: got %v, %v, want false, nil", change, err)
	}
}

// exerciseRequeueRunning: what was running waits again, and nothing else is changed.
func exerciseRequeueRunning(t *testing.T, s *store.Store, _ *clock) {
	acceptAndAcknowledge(t, s, "1-0", "2-0", "3-0")
	mustChange(t, s.MarkLeased, "1-0")
	mustChange(t, s.MarkLeased, "2-0")
	finish(t, s, "2-0")
	for range 2 {
		if err := s.RequeueRunning(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]store.State{"1-0": store.Waiting, "2-0": store.Done, "3-0": store.Waiting} {
			equal(t, "state of "+id, find(t, s, id).State, want)
		}
	}
	if !find(t, s, "1-0").WasLeased {
		t.Error("it is forgotten that a renderer had it")
	}
}
