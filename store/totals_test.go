package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"darkroom/store"
)

const outcome = `{"delivered":"posted","ms":{"load":100,"encode":20,"denoise":1000,"decode":30,"post":5000}}`

func finish(t *testing.T, s *store.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if done, err := s.Finish(t.Context(), id, "m"+id, json.RawMessage(outcome)); err != nil || !done {
			t.Fatalf("finish %s: got %v, %v, want true, nil", id, done, err)
		}
	}
}

func exerciseTotals(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	acceptAndAcknowledge(t, s, "1-0", "1-1", "1-2", "1-3", "1-4")
	finish(t, s, "1-0", "1-1")
	if done, err := s.Finish(ctx, "1-0", "m", json.RawMessage(outcome)); done || err != nil {
		t.Errorf("finish twice: got %v, %v, want false, nil", done, err)
	}
	mustChange(t, s.Cancel, "1-2") // cancelled and failed jobs do not count
	if _, err := s.Fail(ctx, "1-3", "x"); err != nil {
		t.Fatal(err)
	}
	day := c.now()
	c.advance(store.Day)
	if _, err := s.Finish(ctx, "1-4", "", nil); err != nil { // an outcome without times
		t.Fatal(err)
	}
	for what, want := range map[time.Time]store.Totals{
		day: {Pictures: 12, Millis: 2300}, c.now(): {Pictures: 4}, c.now().Add(store.Day): {},
	} {
		got, err := s.TotalsOf(ctx, "g1", what)
		equal(t, fmt.Sprint("totals since ", what), []any{got, err}, []any{want, error(nil)})
	}
	got, err := s.TotalsOf(ctx, "g2", day)
	equal(t, "totals of another server", []any{got, err}, []any{store.Totals{}, error(nil)})
}
