package store_test

import (
	"strings"
	"testing"
	"time"

	"darkroom/store"
)

func exerciseEpochs(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	n, err := s.CurrentEpoch(ctx, "main")
	equal(t, "epoch before", []any{n, err}, []any{int64(0), error(nil)})
	for want := int64(1); want <= 2; want++ {
		n, err = s.NextEpoch(ctx, "main")
		equal(t, "next epoch", []any{n, err}, []any{want, error(nil)})
	}
	n, err = s.NextEpoch(ctx, "other")
	equal(t, "epoch of another pool", []any{n, err}, []any{int64(1), error(nil)})
	n, err = s.CurrentEpoch(ctx, "main")
	equal(t, "current epoch", []any{n, err}, []any{int64(2), error(nil)})

	acceptAndAcknowledge(t, s, "1-0")
	c.advance(time.Second)
	acceptAndAcknowledge(t, s, "2-0", "3-0")
	accept(t, s, job("4-0"))
	mustChange(t, s.Cancel, "3-0")
	unqueued := func(epoch int64, limit int, want ...string) {
		t.Helper()
		got, err := s.Unqueued(ctx, epoch, limit)
		equal(t, "unqueued", []any{ids(got), err}, []any{want, error(nil)})
	}
	unqueued(2, 10, "1-0", "2-0")
	unqueued(2, 1, "1-0")
	for id, want := range map[string]bool{"1-0": true, "3-0": false} {
		done, err := s.MarkEnqueued(ctx, id, 2)
		equal(t, "enqueued "+id, []any{done, err}, []any{want, error(nil)})
	}
	mustChange(t, s.MarkLeased, "1-0")
	unqueued(2, 10, "2-0")
	if done, err := s.MarkEnqueued(ctx, "1-0", 1); done || err != nil {
		t.Errorf("an older epoch: got %v, %v, want false, nil", done, err)
	}
	if _, err = s.NextEpoch(ctx, "main"); err != nil {
		t.Fatal(err)
	}
	mustChange(t, s.MarkLeased, "2-0")
	unqueued(3, 10, "1-0", "2-0")
	mustChange(t, s.MarkRequeued, "1-0")
	unqueued(3, 10, "2-0", "1-0")
	j := find(t, s, "2-0")
	equal(t, "a job whose queue was emptied", []any{j.State, j.WasLeased}, []any{store.Running, true})

	for want, since := range map[string]time.Time{"1-0": c.now().Add(time.Millisecond), "": c.now()} {
		got, err := s.NotUpdatedSince(ctx, 2, since)
		equal(t, "not updated", []any{strings.Join(got, " "), err}, []any{want, error(nil)})
	}
}
