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
		"an intent is known after a crash, then where it arrived": testSending,
		"what can be posted nowhere waits in its owner's inbox":   testInbox,
		"an offer is owed until it is made":                       testReoffer,
		"a finished job owes nothing new":                         testFinishWithDeliveryOnce,
		"claims go to one holder until they are over":             testClaims,
		"stops are kept, and include paused servers":              testPauses,
		"an epoch is noted for many jobs at once":                 testMarkEnqueuedAll,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{t: noon}
			f(t, open(t, store.Options{Now: c.now}), c)
		})
	}
}

// exerciseInboxLimit is the part of the suite about inboxes that are full.
func exerciseInboxLimit(t *testing.T, open func(*testing.T, store.Options) *store.Store) {
	c := &clock{t: noon}
	s := open(t, store.Options{Now: c.now, InboxBytes: 10})
	put := func(id string, bytes int) {
		acceptAndAcknowledge(t, s, id)
		_, err := s.FinishWithDelivery(t.Context(), id, json.RawMessage(`{"delivered":"inbox"}`),
			store.Delivery{State: store.Inbox, Reason: "closed"}, []store.InboxPicture{{Name: "a.png", Data: make([]byte, bytes)}})
		noError(t, "put into the inbox", err)
		c.advance(time.Minute)
	}
	expect := func(want map[string]int) {
		t.Helper()
		for id, n := range want {
			saved, err := s.InboxPictures(t.Context(), id)
			if err != nil || len(saved) != n {
				t.Errorf("pictures of %s: got %d, %v; want %d", id, len(saved), err, n)
			}
		}
	}
	put("9-0", 4) // ids are no help: the oldest has the largest
	put("1-0", 3)
	put("5-0", 3)
	expect(map[string]int{"9-0": 1, "1-0": 1, "5-0": 1}) // exactly what fits
	put("3-0", 1)
	expect(map[string]int{"9-0": 0, "1-0": 1, "5-0": 1, "3-0": 1})
	put("7-0", 4)
	expect(map[string]int{"1-0": 0, "5-0": 1, "3-0": 1, "7-0": 1})
	if all, err := s.InboxOf(t.Context(), "u1", noon); err != nil || len(all) != 5 {
		t.Errorf("inbox: got %d entries, %v; want all five, since a picture can be made again", len(all), err)
	}
}

func noError(t *testing.T, step string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", step, err)
	}
}

func delivery(t *testing.T, s *store.Store, job string) store.Delivery {
	t.Helper()
	d, err := s.Delivery(t.Context(), job)
	noError(t, "delivery", err)
	return d
}

func testSending(t *testing.T, s *store.Store, c *clock) {
	acceptAndAcknowledge(t, s, "1-0")
	if d := delivery(t, s, "1-0"); d != (store.Delivery{}) {
		t.Errorf("before: got %+v, want nothing", d)
	}
	if find(t, s, "1-0").PostedSeparately {
		t.Error("before: the job says that it was sent")
	}
	noError(t, "sending", s.MarkSending(t.Context(), "1-0", "c1"))
	if !find(t, s, "1-0").PostedSeparately {
		t.Error("the job does not say that it may have been sent")
	}
	want := store.Delivery{Job: "1-0", User: "u1", State: store.Sending, Channel: "c1", At: noon.UTC()}
	if d := delivery(t, s, "1-0"); d != want {
		t.Errorf("got %+v, want %+v", d, want)
	}
	c.advance(time.Minute)
	noError(t, "sent", s.MarkSent(t.Context(), "1-0", "c1", "m1"))
	if d := delivery(t, s, "1-0"); d.State != store.Posted || d.Message != "m1" || !d.At.Equal(c.now()) {
		t.Errorf("got %+v, want it posted as m1 now", d)
	}
	noError(t, "sending a job that is not there", s.MarkSending(t.Context(), "nothing", "c1"))
	if d := delivery(t, s, "nothing"); d.State != "" {
		t.Errorf("a job that is not there: got %+v", d)
	}
}

func testInbox(t *testing.T, s *store.Store, c *clock) {
	acceptAndAcknowledge(t, s, "1-0", "2-0")
	pictures := []store.InboxPicture{{Name: "a.png", Data: []byte("one")}, {Name: "b.png", Data: []byte("two")}}
	ended, err := s.FinishWithDelivery(t.Context(), "1-0", json.RawMessage(`{"delivered":"inbox"}`),
		store.Delivery{State: store.Inbox, Reason: "the channel is closed"}, pictures)
	if err != nil || !ended {
		t.Fatalf("FinishOwing = %v, %v", ended, err)
	}
	if e := find(t, s, "1-0"); e.State != store.Done {
		t.Errorf("state: got %s, want done", e.State)
	}
	list := func(user string) []string {
		all, err := s.InboxOf(t.Context(), user, c.now().Add(-time.Hour))
		noError(t, "inbox", err)
		var ids []string
		for _, d := range all {
			ids = append(ids, d.Job+" "+string(d.State))
		}
		return ids
	}
	if got := list("u1"); !slices.Equal(got, []string{"1-0 inbox"}) || len(list("u2")) > 0 {
		t.Errorf("inbox: got %q and %q, want the one job, in its owner's alone", got, list("u2"))
	}
	saved, err := s.InboxPictures(t.Context(), "1-0")
	if err != nil || len(saved) != 2 || saved[1].Name != "b.png" || string(saved[1].Data) != "two" {
		t.Errorf("kept: got %v, %v; want both pictures in order", saved, err)
	}
	noError(t, "shown", s.MarkInboxShown(t.Context(), "1-0"))
	if got := list("u1"); !slices.Equal(got, []string{"1-0 shown"}) {
		t.Errorf("after it was shown: got %q", got)
	}
	c.advance(2 * time.Hour)
	if got := list("u1"); len(got) > 0 {
		t.Errorf("two hours later: got %q, want nothing", got)
	}
	noError(t, "prune", s.PruneDeliveries(t.Context(), time.Hour, 24*time.Hour))
	if saved, err := s.InboxPictures(t.Context(), "1-0"); err != nil || len(saved) > 0 {
		t.Errorf("pruned: got %v, %v; want no picture left", saved, err)
	}
}

func testReoffer(t *testing.T, s *store.Store, _ *clock) {
	acceptAndAcknowledge(t, s, "1-0", "2-0")
	for _, id := range []string{"1-0", "2-0"} {
		if ended, err := s.FinishWithDelivery(t.Context(), id, json.RawMessage(`{}`), store.Delivery{State: store.ReofferDue}, nil); err != nil || !ended {
			t.Fatalf("FinishOwing = %v, %v", ended, err)
		}
	}
	pending := func() (ids []string) {
		all, err := s.PendingOffers(t.Context(), 10)
		noError(t, "offers", err)
		for _, d := range all {
			ids = append(ids, d.Job)
		}
		return ids
	}
	noError(t, "sending", s.MarkSending(t.Context(), "1-0", "c1"))
	if got := pending(); !slices.Equal(got, []string{"1-0", "2-0"}) {
		t.Errorf("while it is sent: got %q, want both owed", got)
	}
	noError(t, "sent", s.MarkSent(t.Context(), "1-0", "c1", "m1"))
	noError(t, "inboxed", s.MoveToInbox(t.Context(), "2-0", "closed"))
	if got := pending(); len(got) > 0 {
		t.Errorf("owed: got %q, want none", got)
	}
	if a, b := delivery(t, s, "1-0"), delivery(t, s, "2-0"); a.State != store.ReofferMade || b.State != store.Inbox || b.Reason != "closed" {
		t.Errorf("got %+v and %+v, want one offered and one in the inbox", a, b)
	}
}

func testFinishWithDeliveryOnce(t *testing.T, s *store.Store, _ *clock) {
	acceptAndAcknowledge(t, s, "1-0")
	mustChange(t, s.Cancel, "1-0")
	ended, err := s.FinishWithDelivery(t.Context(), "1-0", json.RawMessage(`{}`), store.Delivery{State: store.ReofferDue}, nil)
	if err != nil || ended || delivery(t, s, "1-0").State != "" {
		t.Errorf("FinishOwing of a cancelled job = %v, %v, %+v; want nothing done", ended, err, delivery(t, s, "1-0"))
	}
}

func testClaims(t *testing.T, s *store.Store, c *clock) {
	claim := func(name, holder string) bool {
		t.Helper()
		got, err := s.Claim(t.Context(), name, holder, time.Minute)
		noError(t, "claim", err)
		return got
	}
	if !claim("x", "a") || claim("x", "b") || !claim("y", "b") || !claim("x", "a") {
		t.Error("want x for a, twice, and y for b")
	}
	c.advance(61 * time.Second)
	if !claim("x", "b") || claim("x", "a") {
		t.Error("want x for b once it is over")
	}
	noError(t, "prune", s.PruneClaims(t.Context()))
	if claim("x", "a") || !claim("y", "a") {
		t.Error("want the running claim to stay and the old one gone")
	}
}

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
	if there, err := s.Resume(t.Context(), "pool", ""); err != nil || !there {
		t.Errorf("Resume = %v, %v", there, err)
	}
	if there, err := s.Resume(t.Context(), "pool", ""); err != nil || there {
		t.Errorf("Resume again = %v, %v; want false", there, err)
	}
}

func testMarkEnqueuedAll(t *testing.T, s *store.Store, _ *clock) {
	acceptAndAcknowledge(t, s, "1-0", "2-0", "3-0")
	mustChange(t, s.Cancel, "2-0")
	skipped, err := s.MarkEnqueuedAll(t.Context(), 4, []string{"1-0", "2-0", "3-0"})
	if err != nil || !slices.Equal(skipped, []string{"2-0"}) {
		t.Errorf("EnqueuedAll = %q, %v; want the cancelled one left out", skipped, err)
	}
	if a, b := find(t, s, "1-0").Epoch, find(t, s, "2-0").Epoch; a != 4 || b != 0 {
		t.Errorf("epochs: got %d and %d, want 4 and 0", a, b)
	}
	if skipped, err = s.MarkEnqueuedAll(t.Context(), 4, []string{"1-0"}); err != nil || len(skipped) != 1 {
		t.Errorf("again: got %q, %v; want it left out", skipped, err)
	}
}
