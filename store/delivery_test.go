package store_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"darkroom/store"
)

// exerciseDeliveries is the part of exercise about what happens after an image was made.
func exerciseDeliveries(t *testing.T, open func(*testing.T, store.Options) *store.Store) {
	for name, f := range map[string]func(*testing.T, *store.Store, *clock){
		"after a crash, it is known that a message was being sent": testSending,
		"what is being sent is kept while its job goes on":         testPruneSending,
		"what cannot be posted waits in its owner's inbox":         testInbox,
		"an erased person's inbox is empty":                        testEraseInbox,
		"a re-offer is due until it is made":                       testReoffer,
		"the owner of a failed job is to be told":                  testApologyDue,
		"a finished job gets no delivery":                          testFinishWithDeliveryOnce,
		"a claim belongs to one holder until it expires":           testClaims,
		"pauses are stored, and include paused servers":            testPauses,
		"many jobs are marked as enqueued at once":                 testMarkEnqueuedAll,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{t: noon}
			f(t, open(t, store.Options{Now: c.now}), c)
		})
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
		t.Error("before: the job says that it was posted separately")
	}
	noError(t, "sending", s.MarkSending(t.Context(), "1-0", "c1", ""))
	if !find(t, s, "1-0").PostedSeparately {
		t.Error("the job does not say that it may have been posted separately")
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
	noError(t, "sending an unknown job", s.MarkSending(t.Context(), "nothing", "c1", ""))
	if d := delivery(t, s, "nothing"); d.State != "" {
		t.Errorf("an unknown job: got %+v, want nothing", d)
	}
}

func testPruneSending(t *testing.T, s *store.Store, c *clock) {
	acceptAndAcknowledge(t, s, "1-0", "2-0")
	for _, id := range []string{"1-0", "2-0"} {
		noError(t, "sending", s.MarkSending(t.Context(), id, "c1", ""))
	}
	finish(t, s, "2-0")
	c.advance(2 * time.Hour)
	noError(t, "prune", s.PruneDeliveries(t.Context(), time.Hour, time.Hour))
	if d := delivery(t, s, "1-0"); d.State != store.Sending {
		t.Errorf("of an unfinished job: got %+v, want it kept: its message must be looked for", d)
	}
	if d := delivery(t, s, "2-0"); d.State != "" {
		t.Errorf("of a finished job: got %+v, want nothing", d)
	}
}

func testInbox(t *testing.T, s *store.Store, c *clock) {
	acceptAndAcknowledge(t, s, "1-0", "2-0")
	pictures := []store.InboxPicture{{Name: "a.png", Data: []byte("one")}, {Name: "b.png", Data: []byte("two")}}
	ended, err := s.FinishWithDelivery(t.Context(), "1-0", json.RawMessage(`{"delivered":"inbox"}`),
		store.Delivery{State: store.Inbox, Reason: "the channel is closed"}, pictures)
	if err != nil || !ended {
		t.Fatalf("finish with delivery: got %v, %v, want true, nil", ended, err)
	}
	if j := find(t, s, "1-0"); j.State != store.Done {
		t.Errorf("state: got %s, want done", j.State)
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
		t.Errorf("inbox: got %q and %q, want the one job, only in its owner's", got, list("u2"))
	}
	saved, err := s.InboxPictures(t.Context(), "1-0")
	if err != nil || len(saved) != 2 || saved[1].Name != "b.png" || string(saved[1].Data) != "two" {
		t.Errorf("inbox pictures: got %v, %v; want both pictures in order", saved, err)
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

func testEraseInbox(t *testing.T, s *store.Store, c *clock) {
	acceptAndAcknowledge(t, s, "1-0")
	_, err := s.FinishWithDelivery(t.Context(), "1-0", json.RawMessage(`{}`),
		store.Delivery{State: store.Inbox, Reason: "closed"}, []store.InboxPicture{{Name: "a.png", Data: []byte("one")}})
	noError(t, "finish with delivery", err)
	noError(t, "erase", s.Erase(t.Context(), "u1"))
	all, err := s.InboxOf(t.Context(), "u1", c.now().Add(-time.Hour))
	if err != nil || len(all) > 0 {
		t.Errorf("inbox: got %+v, %v, want nothing", all, err)
	}
	if saved, err := s.InboxPictures(t.Context(), "1-0"); err != nil || len(saved) > 0 {
		t.Errorf("inbox pictures: got %d, %v, want none", len(saved), err)
	}
}

func testReoffer(t *testing.T, s *store.Store, _ *clock) {
	acceptAndAcknowledge(t, s, "1-0", "2-0")
	for _, id := range []string{"1-0", "2-0"} {
		ended, err := s.FinishWithDelivery(t.Context(), id, json.RawMessage(`{}`),
			store.Delivery{State: store.ReofferDue}, nil)
		if err != nil || !ended {
			t.Fatalf("finish with delivery: got %v, %v, want true, nil", ended, err)
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
	noError(t, "sending", s.MarkSending(t.Context(), "1-0", "c1", ""))
	if got := pending(); !slices.Equal(got, []string{"1-0", "2-0"}) {
		t.Errorf("while it is sent: got %q, want both due", got)
	}
	noError(t, "sent", s.MarkSent(t.Context(), "1-0", "c1", "m1"))
	noError(t, "move to inbox", s.MoveToInbox(t.Context(), "2-0", "closed"))
	if got := pending(); len(got) > 0 {
		t.Errorf("due: got %q, want none", got)
	}
	a, b := delivery(t, s, "1-0"), delivery(t, s, "2-0")
	if a.State != store.ReofferMade || b.State != store.Inbox || b.Reason != "closed" {
		t.Errorf("got %+v and %+v, want one offered and one in the inbox", a, b)
	}
}

func testFinishWithDeliveryOnce(t *testing.T, s *store.Store, _ *clock) {
	acceptAndAcknowledge(t, s, "1-0")
	mustChange(t, s.Cancel, "1-0")
	ended, err := s.FinishWithDelivery(t.Context(), "1-0", json.RawMessage(`{}`),
		store.Delivery{State: store.ReofferDue}, nil)
	if err != nil || ended || delivery(t, s, "1-0").State != "" {
		t.Errorf("a cancelled job: got %v, %v, %+v, want no change", ended, err, delivery(t, s, "1-0"))
	}
}

func testApologyDue(t *testing.T, s *store.Store, c *clock) {
	acceptAndAcknowledge(t, s, "1-0")
	acceptAndAcknowledge(t, s, "2-0")
	acceptAndAcknowledge(t, s, "3-0")
	noError(t, "mark sending", s.MarkSending(t.Context(), "2-0", "5", "77")) // an edit that was not finished
	noError(t, "mark sending", s.MarkSending(t.Context(), "3-0", "5", ""))
	noError(t, "mark sent", s.MarkSent(t.Context(), "3-0", "5", "78"))
	for _, id := range []string{"1-0", "2-0", "3-0"} {
		c.t = c.t.Add(time.Second)
		if ended, err := s.Fail(t.Context(), id, "the model failed"); !ended || err != nil {
			t.Fatalf("fail %s: got %v, %v", id, ended, err)
		}
	}
	due, err := s.PendingOffers(t.Context(), 9)
	noError(t, "pending offers", err)
	if len(due) != 2 || due[0].Job != "1-0" || due[1].Job != "2-0" || due[1].Message != "" {
		t.Errorf("due: got %+v, want those of the first two jobs, the second without its message", due)
	}
	if d := delivery(t, s, "3-0"); d.State != store.Posted {
		t.Errorf("a job whose pictures were posted: got %s, want it as it was", d.State)
	}
	noError(t, "mark sent", s.MarkSent(t.Context(), "1-0", "5", "70"))
	if ended, err := s.Fail(t.Context(), "1-0", "again"); ended || err != nil {
		t.Errorf("fail again: got %v, %v; want it ended before", ended, err)
	}
	if d := delivery(t, s, "1-0"); d.State != store.ReofferMade {
		t.Errorf("after it was told: got %s, want %s", d.State, store.ReofferMade)
	}
}
