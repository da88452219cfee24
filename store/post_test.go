package store_test

import (
	"testing"
	"time"

	"darkroom/store"
)

// exercisePosts checks that a post begins once, that a ping is due once its job has ended, and what removes both.
func exercisePosts(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	pinged := job("1-0")
	pinged.Ping = true
	accept(t, s, pinged)
	acceptAndAcknowledge(t, s, "2-0")
	share := store.SharePost(2)

	due := func(step string, want ...string) {
		t.Helper()
		all, err := s.DuePings(ctx, 10)
		noError(t, step, err)
		var got []string
		for _, p := range all {
			got = append(got, p.Job+" "+string(p.State))
		}
		equal(t, step, got, want)
	}
	due("while it waits")
	_, err := s.Cancel(ctx, "1-0")
	noError(t, "end", err)
	due("once it ended", "1-0 due")

	p, begun, err := s.BeginPost(ctx, "1-0", store.PingPost, "c1")
	equal(t, "first try", []any{p.State, p.Channel, begun, err}, []any{store.PostSending, "c1", true, error(nil)})
	p, begun, err = s.BeginPost(ctx, "1-0", store.PingPost, "c2")
	equal(t, "second try", []any{p.State, p.Channel, begun, err}, []any{store.PostSending, "c1", false, error(nil)})
	due("while it is sent", "1-0 sending")
	noError(t, "end post", s.EndPost(ctx, "1-0", store.PingPost, store.PostMade, "m1"))
	noError(t, "end post twice", s.EndPost(ctx, "1-0", store.PingPost, store.PostDropped, ""))
	due("once it is sent")
	p, err = s.Post(ctx, "1-0", store.PingPost)
	equal(t, "ping", []any{p.State, p.Message, err}, []any{store.PostMade, "m1", error(nil)})

	for _, want := range []bool{true, false} {
		if _, begun, err := s.BeginPost(ctx, "2-0", share, "c1"); err != nil || begun != want {
			t.Errorf("share: got %v, %v, want %v", begun, err, want)
		}
	}
	noError(t, "take back", s.TakeBackPost(ctx, "2-0", share))
	_, begun, err = s.BeginPost(ctx, "2-0", share, "c1")
	equal(t, "share after it was taken back", []any{begun, err}, []any{true, error(nil)})
	if p, begun, err := s.BeginPost(ctx, "unknown", share, "c1"); err != nil || begun || p != (store.Post{}) {
		t.Errorf("share of an unknown job: got %+v, %v, %v, want nothing", p, begun, err)
	}

	c.advance(time.Hour)
	noError(t, "prune", s.PruneDeliveries(ctx, time.Minute, time.Minute))
	p, err = s.Post(ctx, "1-0", store.PingPost)
	equal(t, "ping after pruning", []any{p, err}, []any{store.Post{}, error(nil)})
	p, err = s.Post(ctx, "2-0", share)
	equal(t, "share after pruning", []any{p.State, err}, []any{store.PostSending, error(nil)})
	_, err = s.Cancel(ctx, "2-0")
	noError(t, "end", err)
	noError(t, "erase", s.Erase(ctx, find(t, s, "2-0").User))
	p, err = s.Post(ctx, "2-0", share)
	equal(t, "share after erasing", []any{p, err}, []any{store.Post{}, error(nil)})
}
