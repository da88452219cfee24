package store_test

import (
	"slices"
	"testing"

	"darkroom/store"
)

func testMarkEnqueuedAll(t *testing.T, s *store.Store, _ *clock) {
	acceptAndAcknowledge(t, s, "1-0", "2-0", "3-0")
	mustChange(t, s.Cancel, "2-0")
	skipped, err := s.MarkEnqueuedAll(t.Context(), 4, []string{"1-0", "2-0", "3-0"})
	if err != nil || !slices.Equal(skipped, []string{"2-0"}) {
		t.Errorf("got %q, %v, want the cancelled one skipped", skipped, err)
	}
	if a, b := find(t, s, "1-0").Epoch, find(t, s, "2-0").Epoch; a != 4 || b != 0 {
		t.Errorf("epochs: got %d and %d, want 4 and 0", a, b)
	}
	if n, err := s.CountQueued(t.Context(), 4); err != nil || n != 2 {
		t.Errorf("counted %d jobs in the queue, %v, want 2", n, err)
	}
	if skipped, err = s.MarkEnqueuedAll(t.Context(), 4, []string{"1-0"}); err != nil || len(skipped) != 1 {
		t.Errorf("again: got %q, %v; want it skipped", skipped, err)
	}
}
