package store_test

import (
	"testing"
	"time"

	"darkroom/store"
)

func exerciseFinding(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	acceptAndAcknowledge(t, s, "1-0", "1-1")
	c.advance(time.Second)
	accept(t, s, job("2-0"))
	other := job("3-0")
	other.User, other.Server = "u2", "dm"
	accept(t, s, other)

	mine, err := s.Unfinished(ctx, "u1")
	equal(t, "unfinished", []any{ids(mine), err}, []any{[]string{"1-0", "1-1", "2-0"}, error(nil)})
	for _, id := range []string{"1-0", "1-1"} {
		if _, err := s.Finish(ctx, id, "m-"+id, nil); err != nil {
			t.Fatal(err)
		}
	}
	c.advance(time.Hour)
	mustChange(t, s.Cancel, "2-0")
	ended, err := s.Ended(ctx, c.now().Add(-time.Minute), 10)
	equal(t, "ended", []any{ids(ended), err}, []any{[]string{"2-0"}, error(nil)})
	ended, err = s.Ended(ctx, noon, 2)
	equal(t, "the newest ended", []any{ids(ended), err}, []any{[]string{"2-0", "1-1"}, error(nil)})
	recent, err := s.RecentlyEnded(ctx, "u1", 2)
	equal(t, "one's newest ended", []any{ids(recent), err}, []any{[]string{"2-0", "1-1"}, error(nil)})
	recent, err = s.RecentlyEnded(ctx, "u2", 2)
	equal(t, "another's", []any{len(recent), err}, []any{0, error(nil)})

	parent := func(j store.Job, of string) store.Job { j.Parent = of; return j }
	elsewhere := parent(job("6-0"), "1-0")
	elsewhere.Server = "g2"
	for _, j := range []store.Job{
		parent(job("4-0"), "1-0"), parent(job("5-0"), "1-0"), elsewhere, parent(job("7-0"), "1-0"),
	} {
		accept(t, s, j)
		mustChange(t, acknowledge(s), j.ID)
		c.advance(time.Second)
	}
	for _, id := range []string{"4-0", "5-0", "6-0"} { // 7-0 is not done
		if _, err := s.Finish(ctx, id, "m-"+id, nil); err != nil {
			t.Fatal(err)
		}
	}
	made, err := s.Children(ctx, "1-0", "g1", 10)
	equal(t, "children", []any{ids(made), err}, []any{[]string{"5-0", "4-0"}, error(nil)})
	made, err = s.Children(ctx, "1-0", "g1", 1)
	equal(t, "the newest child", []any{ids(made), err}, []any{[]string{"5-0"}, error(nil)})
	made, err = s.Children(ctx, "", "g1", 10)
	equal(t, "of nothing", []any{len(made), err}, []any{0, error(nil)})

	besides, gone := job("8-0"), job("9-0")
	besides.Channel, gone.User = "c2", "u3"
	for _, j := range []store.Job{besides, gone} {
		accept(t, s, j)
		mustChange(t, acknowledge(s), j.ID)
		if _, err := s.Finish(ctx, j.ID, "m-"+j.ID, nil); err != nil {
			t.Fatal(err)
		}
	}
	done, err := s.DoneIn(ctx, "g1", "c1", 10)
	equal(t, "done in a channel", []any{ids(done), err}, []any{[]string{"9-0", "5-0", "4-0", "1-1", "1-0"}, error(nil)})
	if err := s.Erase(ctx, "u3"); err != nil {
		t.Fatal(err)
	}
	done, err = s.DoneIn(ctx, "g1", "c1", 3)
	equal(t, "after an erasure", []any{ids(done), err}, []any{[]string{"5-0", "4-0", "1-1"}, error(nil)})
	done, err = s.DoneIn(ctx, "g2", "c1", 10)
	equal(t, "in another server", []any{ids(done), err}, []any{[]string{"6-0"}, error(nil)})
}
