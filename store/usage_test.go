package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"darkroom/store"
)

func exerciseQuota(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	acceptAndAcknowledge(t, s, "1-0", "1-1", "1-2", "1-3")
	accept(t, s, job("1-4"))
	mustChange(t, s.MarkLeased, "1-1")
	mustChange(t, s.Cancel, "1-2")
	if _, err := s.Finish(ctx, "1-3", "", nil); err != nil {
		t.Fatal(err)
	}
	accept(t, s, job("1-5"), job("1-6"))
	mustChange(t, s.Expire, "1-5")
	if _, err := s.Fail(ctx, "1-6", "it broke"); err != nil {
		t.Fatal(err)
	}
	var seen store.Usage
	keepUsage := func(_ store.Policy, u store.Usage) error { seen = u; return nil }
	if err := s.Accept(ctx, []store.Job{job("2-0")}, keepUsage); err != nil {
		t.Fatal(err)
	}
	equal(t, "usage", seen, store.Usage{Waiting: 8, Running: 4, Day: 16})
	oldest, err := s.OldestOfDay(ctx, "g1", "u1")
	equal(t, "the oldest of the day", []any{oldest.IsZero(), err}, []any{false, error(nil)})
	c.advance(store.Day)
	oldest, err = s.OldestOfDay(ctx, "g1", "u1")
	equal(t, "the oldest a day later", []any{oldest.IsZero(), err}, []any{true, error(nil)})
	u, err := s.Usage(ctx, "g1", "u1")
	equal(t, "usage a day later", []any{u, err}, []any{store.Usage{Waiting: 12, Running: 4}, error(nil)})
	u, err = s.Usage(ctx, "g2", "u1")
	equal(t, "usage in another server", []any{u, err}, []any{store.Usage{}, error(nil)})
	exerciseRace(t, s)
}

// exerciseRace checks that many requests at the same time never exceed a quota.
func exerciseRace(t *testing.T, s *store.Store) {
	const limit = 20 // images; a job has four
	full := errors.New("full")
	var wg sync.WaitGroup
	errs := make(chan error, 24)
	for worker := range 2 {
		wg.Go(func() {
			for i := range 12 {
				j := job(fmt.Sprintf("9%d-%d", worker, i))
				j.User = "racer"
				errs <- s.Accept(t.Context(), []store.Job{j}, func(_ store.Policy, u store.Usage) error {
					if u.Waiting+j.Pictures > limit {
						return full
					}
					return nil
				})
			}
		})
	}
	wg.Wait()
	close(errs)
	accepted := 0
	for err := range errs {
		switch {
		case err == nil:
			accepted++
		case !errors.Is(err, full):
			t.Errorf("race: %v", err)
		}
	}
	equal(t, "accepted jobs", accepted, limit/4)
	u, err := s.Usage(t.Context(), "g1", "racer")
	equal(t, "usage after the race", []any{u, err}, []any{store.Usage{Waiting: limit, Day: limit}, error(nil)})
}
