package store_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"darkroom/store"
)

// exerciseDeliveries is the part of the suite about what is owed after a picture was made.
func exerciseDeliveries(t *testing.T, open func(*testing.T, store.Options) *store.Store) {
	for name, f := range map[string]func(*testing.T, *store.Store, *clock){
		"an intent is known after a crash, then where it arrived": testIntent,
		"what can be posted nowhere waits in its owner's inbox":   testInbox,
		"an offer is owed until it is made":                       testOffer,
		"a finished job owes nothing new":                         testOweOnce,
		"claims go to one holder until they are over":             testClaims,
		"stops are kept, and include paused servers":              testPauses,
		"an epoch is noted for many jobs at once":                 testEnqueuedAll,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{t: noon}
			f(t, open(t, store.Options{Now: c.now}), c)
		})
	}
}

func ok(t *testing.T, step string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", step, err)
	}
}

func delivery(t *testing.T, s *store.Store, job string) store.Delivery {
	t.Helper()
	d, err := s.Delivery(t.Context(), job)
	ok(t, "delivery", err)
	return d
}

func testIntent(t *testing.T, s *store.Store, c *clock) {
	promised(t, s, "1-0")
	if d := delivery(t, s, "1-0"); d != (store.Delivery{}) {
		t.Errorf("before: got %+v, want nothing", d)
	}
	if find(t, s, "1-0").Sent {
		t.Error("before: the job says that it was sent")
	}
	ok(t, "sending", s.Sending(t.Context(), "1-0", "c1"))
	if !find(t, s, "1-0").Sent {
		t.Error("the job does not say that it may have been sent")
	}
	want := store.Delivery{Job: "1-0", User: "u1", State: store.Sending, Channel: "c1", At: noon.UTC()}
	if d := delivery(t, s, "1-0"); d != want {
		t.Errorf("got %+v, want %+v", d, want)
	}
	c.advance(time.Minute)
	ok(t, "sent", s.Sent(t.Context(), "1-0", "c1", "m1"))
	if d := delivery(t, s, "1-0"); d.State != store.Posted || d.Message != "m1" || !d.At.Equal(c.now()) {
		t.Errorf("got %+v, want it posted as m1 now", d)
	}
	ok(t, "sending a job that is not there", s.Sending(t.Context(), "nothing", "c1"))
	if d := delivery(t, s, "nothing"); d.State != "" {
		t.Errorf("a job that is not there: got %+v", d)
	}
}

func testInbox(t *testing.T, s *store.Store, c *clock) {
	promised(t, s, "1-0", "2-0")
	pictures := []store.Picture{{Name: "a.png", Data: []byte("one")}, {Name: "b.png", Data: []byte("two")}}
	ended, err := s.FinishOwing(t.Context(), "1-0", json.RawMessage(`{"delivered":"inbox"}`),
		store.Delivery{State: store.Inbox, Reason: "the channel is closed"}, pictures)
	if err != nil || !ended {
		t.Fatalf("FinishOwing = %v, %v", ended, err)
	}
	if e := find(t, s, "1-0"); e.State != store.Done {
		t.Errorf("state: got %s, want done", e.State)
	}
	list := func(user string) []string {
		all, err := s.InboxOf(t.Context(), user, c.now().Add(-time.Hour))
		ok(t, "inbox", err)
		var ids []string
		for _, d := range all {
			ids = append(ids, d.Job+" "+string(d.State))
		}
		return ids
	}
	if got := list("u1"); !slices.Equal(got, []string{"1-0 inbox"}) || len(list("u2")) > 0 {
		t.Errorf("inbox: got %q and %q, want the one job, in its owner's alone", got, list("u2"))
	}
	kept, err := s.Kept(t.Context(), "1-0")
	if err != nil || len(kept) != 2 || kept[1].Name != "b.png" || string(kept[1].Data) != "two" {
		t.Errorf("kept: got %v, %v; want both pictures in order", kept, err)
	}
	ok(t, "shown", s.ShownInInbox(t.Context(), "1-0"))
	if got := list("u1"); !slices.Equal(got, []string{"1-0 shown"}) {
		t.Errorf("after it was shown: got %q", got)
	}
	c.advance(2 * time.Hour)
	if got := list("u1"); len(got) > 0 {
		t.Errorf("two hours later: got %q, want nothing", got)
	}
	ok(t, "prune", s.PruneDeliveries(t.Context(), time.Hour, 24*time.Hour))
	if kept, err := s.Kept(t.Context(), "1-0"); err != nil || len(kept) > 0 {
		t.Errorf("pruned: got %v, %v; want no picture left", kept, err)
	}
}

func testOffer(t *testing.T, s *store.Store, _ *clock) {
	promised(t, s, "1-0", "2-0")
	for _, id := range []string{"1-0", "2-0"} {
		if ended, err := s.FinishOwing(t.Context(), id, json.RawMessage(`{}`), store.Delivery{State: store.Offer}, nil); err != nil || !ended {
			t.Fatalf("FinishOwing = %v, %v", ended, err)
		}
	}
	owed := func() (ids []string) {
		all, err := s.Offers(t.Context(), 10)
		ok(t, "offers", err)
		for _, d := range all {
			ids = append(ids, d.Job)
		}
		return ids
	}
	ok(t, "sending", s.Sending(t.Context(), "1-0", "c1"))
	if got := owed(); !slices.Equal(got, []string{"1-0", "2-0"}) {
		t.Errorf("while it is sent: got %q, want both owed", got)
	}
	ok(t, "sent", s.Sent(t.Context(), "1-0", "c1", "m1"))
	ok(t, "inboxed", s.Inboxed(t.Context(), "2-0", "closed"))
	if got := owed(); len(got) > 0 {
		t.Errorf("owed: got %q, want none", got)
	}
	if a, b := delivery(t, s, "1-0"), delivery(t, s, "2-0"); a.State != store.Offered || b.State != store.Inbox || b.Reason != "closed" {
		t.Errorf("got %+v and %+v, want one offered and one in the inbox", a, b)
	}
}

func testOweOnce(t *testing.T, s *store.Store, _ *clock) {
	promised(t, s, "1-0")
	must(t, s.Cancel, "1-0")
	ended, err := s.FinishOwing(t.Context(), "1-0", json.RawMessage(`{}`), store.Delivery{State: store.Offer}, nil)
	if err != nil || ended || delivery(t, s, "1-0").State != "" {
		t.Errorf("FinishOwing of a cancelled job = %v, %v, %+v; want nothing done", ended, err, delivery(t, s, "1-0"))
	}
}

func testClaims(t *testing.T, s *store.Store, c *clock) {
	claim := func(name, holder string) bool {
		t.Helper()
		got, err := s.Claim(t.Context(), name, holder, time.Minute)
		ok(t, "claim", err)
		return got
	}
	if !claim("x", "a") || claim("x", "b") || !claim("y", "b") || !claim("x", "a") {
		t.Error("want x for a, twice, and y for b")
	}
	c.advance(61 * time.Second)
	if !claim("x", "b") || claim("x", "a") {
		t.Error("want x for b once it is over")
	}
	ok(t, "prune", s.PruneClaims(t.Context()))
	if claim("x", "a") || !claim("y", "a") {
		t.Error("want the running claim to stay and the old one gone")
	}
}

func testPauses(t *testing.T, s *store.Store, _ *clock) {
	ok(t, "pause", s.Pause(t.Context(), store.Pause{Kind: "lane", Name: "v1:x", Reason: "broken"}))
	ok(t, "pause", s.Pause(t.Context(), store.Pause{Kind: "pool", Reason: "move"}))
	ok(t, "policy", s.SetPolicy(t.Context(), "g1", store.Policy{Paused: true, PauseReason: "night"}, "u1"))
	ok(t, "policy", s.SetPolicy(t.Context(), "g2", store.Policy{MaxSteps: 3}, "u1"))
	all, err := s.Pauses(t.Context())
	ok(t, "pauses", err)
	var got []string
	for _, p := range all {
		got = append(got, p.Kind+"/"+p.Name+"/"+p.Reason)
	}
	if want := []string{"lane/v1:x/broken", "pool//move", "server/g1/night"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if there, err := s.Resume(t.Context(), "pool", ""); err != nil || !there {
		t.Errorf("Resume = %v, %v", there, err)
	}
	if there, err := s.Resume(t.Context(), "pool", ""); err != nil || there {
		t.Errorf("Resume again = %v, %v; want false", there, err)
	}
}

func testEnqueuedAll(t *testing.T, s *store.Store, _ *clock) {
	promised(t, s, "1-0", "2-0", "3-0")
	must(t, s.Cancel, "2-0")
	not, err := s.EnqueuedAll(t.Context(), 4, []string{"1-0", "2-0", "3-0"})
	if err != nil || !slices.Equal(not, []string{"2-0"}) {
		t.Errorf("EnqueuedAll = %q, %v; want the cancelled one left out", not, err)
	}
	if a, b := find(t, s, "1-0").Epoch, find(t, s, "2-0").Epoch; a != 4 || b != 0 {
		t.Errorf("epochs: got %d and %d, want 4 and 0", a, b)
	}
	if not, err = s.EnqueuedAll(t.Context(), 4, []string{"1-0"}); err != nil || len(not) != 1 {
		t.Errorf("again: got %q, %v; want it left out", not, err)
	}
}
