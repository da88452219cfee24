package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"darkroom/store"
)

func exerciseStates(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	acceptAndAcknowledge(t, s, "1-0")
	equal(t, "acknowledged", find(t, s, "1-0").State, store.Waiting)
	if done, err := s.Acknowledge(ctx, "1-0", ""); done || err != nil {
		t.Errorf("acknowledged twice: got %v, %v, want false, nil", done, err)
	}
	mustChange(t, s.MarkLeased, "1-0")
	mustChange(t, s.MarkRequeued, "1-0")
	j := find(t, s, "1-0")
	equal(t, "requeued", []any{j.State, j.WasLeased}, []any{store.Waiting, true})
	mustChange(t, s.MarkLeased, "1-0")
	c.advance(time.Minute)
	if done, err := s.Finish(ctx, "1-0", "m1", json.RawMessage(`{"files":[]}`)); !done || err != nil {
		t.Fatalf("finish: got %v, %v, want true, nil", done, err)
	}
	j = find(t, s, "1-0")
	equal(t, "finished", []any{j.State, j.Message, string(j.Outcome), string(j.Address), j.Updated},
		[]any{store.Done, "m1", `{"files":[]}`, `{"application":"a","token":""}`, noon.Add(time.Minute).UTC()})
	exerciseTerminal(t, s)

	if done, err := s.SetMessage(ctx, "1-0", "m2"); !done || err != nil {
		t.Errorf("set message after the end: got %v, %v, want true, nil", done, err)
	}
	equal(t, "message", find(t, s, "1-0").Message, "m2")
	acceptAndAcknowledge(t, s, "2-0", "3-0")
	if done, err := s.Fail(ctx, "2-0", "out of memory"); !done || err != nil {
		t.Errorf("fail: got %v, %v, want true, nil", done, err)
	}
	mustChange(t, s.Cancel, "3-0")
	equal(t, "reason", find(t, s, "2-0").Reason, "out of memory")
	count, err := s.Count(ctx)
	equal(t, "count", []any{count, err},
		[]any{map[store.State]int{store.Done: 1, store.Failed: 1, store.Cancelled: 1}, error(nil)})
	exerciseExpiry(t, s, c)
	exerciseAnswers(t, s)
}

// exerciseAnswers checks that a job and the message of its answer are noted together, and the message also if the job
// ended meanwhile.
func exerciseAnswers(t *testing.T, s *store.Store) {
	accept(t, s, job("9-0"), job("9-1"))
	mustChange(t, s.Cancel, "9-1")
	for id, want := range map[string]store.State{"9-0": store.Waiting, "9-1": store.Cancelled} {
		done, err := s.Acknowledge(t.Context(), id, "m"+id)
		equal(t, "acknowledge "+id, []any{done, err}, []any{want == store.Waiting, error(nil)})
		j := find(t, s, id)
		equal(t, "answered "+id, []any{j.State, j.Message}, []any{want, "m" + id})
	}
	for _, message := range []string{"", "m"} {
		if _, err := s.Acknowledge(t.Context(), "nobody", message); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("acknowledge an unknown job with message %q: got %v, want %v", message, err, store.ErrNotFound)
		}
	}
	accept(t, s, job("9-2"))
	if _, err := s.SetMessage(t.Context(), "9-2", "m2"); err != nil {
		t.Fatal(err)
	}
	mustChange(t, acknowledge(s), "9-2")
	equal(t, "message that was known", find(t, s, "9-2").Message, "m2")
}

// exerciseTerminal checks that job 1-0, which is Done, never changes.
func exerciseTerminal(t *testing.T, s *store.Store) {
	ctx := t.Context()
	before := find(t, s, "1-0")
	for what, change := range map[string]func() (bool, error){
		"acknowledge": func() (bool, error) { return s.Acknowledge(ctx, "1-0", "") },
		"enqueue":     func() (bool, error) { return s.MarkEnqueued(ctx, "1-0", 9) },
		"lease":       func() (bool, error) { return s.MarkLeased(ctx, "1-0") },
		"requeue":     func() (bool, error) { return s.MarkRequeued(ctx, "1-0") },
		"attach":      func() (bool, error) { return s.AttachInputs(ctx, "1-0", json.RawMessage(`{}`), nil) },
		"finish":      func() (bool, error) { return s.Finish(ctx, "1-0", "m9", nil) },
		"fail":        func() (bool, error) { return s.Fail(ctx, "1-0", "late") },
		"cancel":      func() (bool, error) { return s.Cancel(ctx, "1-0") },
	} {
		if done, err := change(); done || err != nil {
			t.Errorf("%s a finished job: got %v, %v, want false, nil", what, done, err)
		}
	}
	equal(t, "finished job", find(t, s, "1-0"), before)
	for what, change := range map[string]func(context.Context, string) (bool, error){
		"lease": s.MarkLeased, "cancel": s.Cancel, "acknowledge": acknowledge(s), "requeue": s.MarkRequeued,
	} {
		if _, err := change(ctx, "nobody"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s an unknown job: got %v, want %v", what, err, store.ErrNotFound)
		}
	}
}

func exerciseExpiry(t *testing.T, s *store.Store, c *clock) {
	acceptAndAcknowledge(t, s, "8-0")
	accept(t, s, job("8-1"))
	c.advance(time.Minute)
	accept(t, s, job("8-2"))
	old, err := s.Unacknowledged(t.Context(), 30*time.Second, 10)
	equal(t, "unacknowledged", []any{ids(old), err}, []any{[]string{"8-1"}, error(nil)})
	for id, want := range map[string]bool{"8-0": false, "8-1": true} {
		done, err := s.Expire(t.Context(), id)
		equal(t, "expired "+id, []any{done, err}, []any{want, error(nil)})
	}
	states := []store.State{find(t, s, "8-0").State, find(t, s, "8-1").State, find(t, s, "8-2").State}
	equal(t, "states", states, []store.State{store.Waiting, store.Expired, store.Accepted})
	if done, err := s.Acknowledge(t.Context(), "8-1", ""); done || err != nil {
		t.Errorf("acknowledge an expired job: got %v, %v, want false, nil", done, err)
	}
}
