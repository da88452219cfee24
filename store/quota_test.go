package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"darkroom/store"
)

// The rest of exercise: quotas, input pictures, policies and epochs.

func exerciseQuota(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	acceptAndAcknowledge(t, s, "1-0", "1-1", "1-2", "1-3")
	accept(t, s, job("1-4"))
	mustChange(t, s.MarkLeased, "1-1")
	mustChange(t, s.Cancel, "1-2")
	if _, err := s.Finish(ctx, "1-3", "", nil); err != nil {
		t.Fatal(err)
	}
	var seen store.Usage
	keepUsage := func(_ store.Policy, u store.Usage) error { seen = u; return nil }
	if err := s.Accept(ctx, []store.Job{job("2-0")}, keepUsage); err != nil {
		t.Fatal(err)
	}
	equal(t, "usage", seen, store.Usage{Waiting: 8, Running: 4, Day: 16})
	c.advance(store.Day)
	u, err := s.Usage(ctx, "g1", "u1")
	equal(t, "usage a day later", []any{u, err}, []any{store.Usage{Waiting: 12, Running: 4}, error(nil)})
	u, err = s.Usage(ctx, "g2", "u1")
	equal(t, "usage elsewhere", []any{u, err}, []any{store.Usage{}, error(nil)})
	exerciseRace(t, s)
}

// exerciseRace: many requests at once, and a quota that is never passed.
func exerciseRace(t *testing.T, s *store.Store) {
	const limit = 20 // pictures; a job has four
	full := errors.New("full")
	var wg sync.WaitGroup
	errs := make(chan error, 24)
	for worker := range 2 {
		wg.Go(func() {
			for i := range 12 {
				e := job(fmt.Sprintf("9%d-%d", worker, i))
				e.User = "racer"
				errs <- s.Accept(t.Context(), []store.Job{e}, func(_ store.Policy, u store.Usage) error {
					if u.Waiting+e.Pictures > limit {
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
		case err != full:
			t.Errorf("race: %v", err)
		}
	}
	equal(t, "jobs taken", accepted, limit/4)
	u, err := s.Usage(t.Context(), "g1", "racer")
	equal(t, "usage after the race", []any{u, err}, []any{store.Usage{Waiting: limit, Day: limit}, error(nil)})
}

func exerciseInputs(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	boat, boatBytes := picture("boat")
	sea, seaBytes := picture("sea")
	e := job("1-0")
	e.Inputs = []string{boat}
	if err := s.Accept(ctx, []store.Job{e}, acceptAlways); !errors.Is(err, store.ErrInputGone) {
		t.Errorf("unknown input: got %v, want %v", err, store.ErrInputGone)
	}
	if err := s.PutInput(ctx, boat, seaBytes); err == nil {
		t.Error("bytes of another hash: got no error")
	}
	for range 2 {
		if err := s.PutInput(ctx, boat, boatBytes); err != nil {
			t.Fatal(err)
		}
	}
	accept(t, s, e)
	equal(t, "inputs of a job", find(t, s, "1-0").Inputs, []string{boat})
	data, err := s.Input(ctx, boat)
	equal(t, "bytes", []any{string(data), err}, []any{"boat", error(nil)})

	if err := s.PutInput(ctx, sea, seaBytes); err != nil {
		t.Fatal(err)
	}
	exercisePendingInputs(t, s, sea)
	exerciseInputRefs(t, s, c, boat, sea)
}

// exercisePendingInputs: job 2-0 learns its input picture after it was acknowledged.
func exercisePendingInputs(t *testing.T, s *store.Store, sea string) {
	e := job("2-0")
	e.PendingInputs = json.RawMessage(`{"url":"https://cdn.example/sea.png"}`)
	accept(t, s, e)
	mustChange(t, s.Acknowledge, "2-0")
	unqueued, err := s.Unqueued(t.Context(), 1, 10)
	if err != nil || len(unqueued) != 1 || string(unqueued[0].PendingInputs) != string(e.PendingInputs) {
		t.Fatalf("owed: got %+v, %v, want job 2-0 with what is pending", unqueued, err)
	}
	gone, _ := picture("never kept")
	if _, err := s.AttachInputs(t.Context(), "2-0", json.RawMessage(`{"v":1}`), []string{gone}); !errors.Is(err, store.ErrInputGone) {
		t.Errorf("attach bytes that are not here: got %v, want %v", err, store.ErrInputGone)
	}
	done, err := s.AttachInputs(t.Context(), "2-0", json.RawMessage(`{"v":1,"init":{}}`), []string{sea})
	if err != nil || !done {
		t.Fatalf("attach: got %v, %v, want true, nil", done, err)
	}
	got := find(t, s, "2-0")
	equal(t, "attached", []any{string(got.Spec), got.Inputs, got.PendingInputs},
		[]any{`{"v":1,"init":{}}`, []string{sea}, json.RawMessage(nil)})
}

// exerciseInputRefs: job 1-0 holds boat and job 2-0 holds sea.
func exerciseInputRefs(t *testing.T, s *store.Store, c *clock, boat, sea string) {
	ctx := t.Context()
	prune := func(want int) {
		t.Helper()
		n, err := s.PruneInputs(ctx, 24*time.Hour)
		equal(t, "pruned", []any{n, err}, []any{want, error(nil)})
	}
	wantInput := func(sha string, want error) {
		t.Helper()
		if _, err := s.Input(ctx, sha); !errors.Is(err, want) {
			t.Errorf("input: got %v, want %v", err, want)
		}
	}
	c.advance(2 * time.Hour)
	prune(0)
	mustChange(t, s.Cancel, "1-0")
	if _, err := s.Finish(ctx, "2-0", "m", nil); err != nil {
		t.Fatal(err)
	}
	prune(1) // what a cancelled job held; a finished one may be rerolled
	wantInput(boat, store.ErrNotFound)
	wantInput(sea, nil)
	again := job("3-0")
	again.Inputs = []string{sea}
	accept(t, s, again)
	c.advance(48 * time.Hour)
	prune(0) // 2-0 let go, 3-0 still holds
	wantInput(sea, nil)
}

func exercisePolicies(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	want := store.Policy{WaitingPerUser: 8, RunningPerUser: 4, PerUserDay: 100, MaxPixels: 65536, MaxSteps: 30, MaxCount: 2,
		Paused: true, PauseReason: "spring cleaning"}
	p, err := s.Policy(ctx, "g1")
	equal(t, "policy before", []any{p, err}, []any{store.Policy{}, error(nil)})
	if err := s.SetPolicy(ctx, "g1", store.Policy{MaxSteps: 9}, "mod"); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	if err := s.SetPolicy(ctx, "g1", want, "mod"); err != nil {
		t.Fatal(err)
	}
	p, err = s.Policy(ctx, "g1")
	equal(t, "policy", []any{p, err}, []any{want, error(nil)})
	var seen store.Policy
	keepUsage := func(p store.Policy, _ store.Usage) error { seen = p; return nil }
	if err := s.Accept(ctx, []store.Job{job("1-0")}, keepUsage); err != nil {
		t.Fatal(err)
	}
	equal(t, "policy at judgement", seen, want)
	if err := s.ResetPolicy(ctx, "g1", "mod2"); err != nil {
		t.Fatal(err)
	}
	p, err = s.Policy(ctx, "g1")
	equal(t, "policy after reset", []any{p, err}, []any{store.Policy{}, error(nil)})
	records, err := s.AuditLog(ctx, "g1", 2)
	if err != nil || len(records) != 2 {
		t.Fatalf("audit: got %v, %v, want two acts", records, err)
	}
	equal(t, "newest act", records[0], store.AuditRecord{Server: "g1", Actor: "mod2", Action: "reset policy", At: c.now().UTC()})
	equal(t, "act before", []any{records[1].Actor, records[1].Action, records[1].At}, []any{"mod", "set policy", c.now().UTC()})
}

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
		equal(t, "owed", []any{ids(got), err}, []any{want, error(nil)})
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
	e := find(t, s, "2-0")
	equal(t, "a job whose queue was emptied", []any{e.State, e.WasLeased}, []any{store.Running, true})

	for want, since := range map[string]time.Time{"1-0": c.now().Add(time.Millisecond), "": c.now()} {
		got, err := s.NotUpdatedSince(ctx, 2, since)
		equal(t, "untouched", []any{strings.Join(got, " "), err}, []any{want, error(nil)})
	}
}
