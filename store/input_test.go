package store_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"darkroom/store"
)

func exerciseInputs(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	boat, boatBytes := picture("boat")
	sea, seaBytes := picture("sea")
	j := job("1-0")
	j.Inputs = []string{boat}
	if err := s.Accept(ctx, []store.Job{j}, acceptAlways); !errors.Is(err, store.ErrInputGone) {
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
	accept(t, s, j)
	equal(t, "inputs of a job", find(t, s, "1-0").Inputs, []string{boat})
	data, err := s.Input(ctx, boat)
	equal(t, "bytes", []any{string(data), err}, []any{"boat", error(nil)})

	if err := s.PutInput(ctx, sea, seaBytes); err != nil {
		t.Fatal(err)
	}
	exercisePendingInputs(t, s, sea)
	exerciseInputRefs(t, s, c, boat, sea)
}

// exercisePendingInputs attaches an input image to job 2-0 after it was acknowledged.
func exercisePendingInputs(t *testing.T, s *store.Store, sea string) {
	j := job("2-0")
	j.PendingInputs = json.RawMessage(`{"url":"https://cdn.example/sea.png"}`)
	accept(t, s, j)
	mustChange(t, acknowledge(s), "2-0")
	unqueued, err := s.Unqueued(t.Context(), 1, 10)
	if err != nil || len(unqueued) != 1 || string(unqueued[0].PendingInputs) != string(j.PendingInputs) {
		t.Fatalf("unqueued: got %+v, %v, want job 2-0 with its pending inputs", unqueued, err)
	}
	gone, _ := picture("never stored")
	_, err = s.AttachInputs(t.Context(), "2-0", json.RawMessage(`{"v":1}`), []string{gone})
	if !errors.Is(err, store.ErrInputGone) {
		t.Errorf("attach bytes that are not stored: got %v, want %v", err, store.ErrInputGone)
	}
	done, err := s.AttachInputs(t.Context(), "2-0", json.RawMessage(`{"v":1,"init":{}}`), []string{sea})
	if err != nil || !done {
		t.Fatalf("attach: got %v, %v, want true, nil", done, err)
	}
	got := find(t, s, "2-0")
	equal(t, "attached", []any{string(got.Spec), got.Inputs, got.PendingInputs},
		[]any{`{"v":1,"init":{}}`, []string{sea}, json.RawMessage(nil)})
}

// exerciseInputRefs removes references until nothing needs boat, which job 1-0 uses, or sea, which job 2-0 uses.
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
	prune(1) // the input of the cancelled job; the finished one can be rerolled
	wantInput(boat, store.ErrNotFound)
	wantInput(sea, nil)
	again := job("3-0")
	again.Inputs = []string{sea}
	accept(t, s, again)
	c.advance(48 * time.Hour)
	prune(0) // 2-0 gave up its reference, 3-0 still has one
	wantInput(sea, nil)
	exerciseAskedInput(t, s, c, prune)
}

// exerciseAskedInput keeps an image that an open question names, and an hour longer once it was touched.
func exerciseAskedInput(t *testing.T, s *store.Store, c *clock, prune func(int)) {
	t.Helper()
	ctx := t.Context()
	sha, data := picture("asked about")
	if err := s.PutInput(ctx, sha, data); err != nil {
		t.Fatal(err)
	}
	q := store.Question{ID: "77", User: "u", Body: json.RawMessage(`{"base":{"init":{"sha256":"` + sha + `"}}}`)}
	if err := s.PutQuestion(ctx, q); err != nil {
		t.Fatal(err)
	}
	c.advance(2 * time.Hour)
	prune(0) // the question names it
	if err := s.TouchInputs(ctx, []string{sha}); err != nil {
		t.Fatal(err)
	}
	if done, err := s.DropQuestion(ctx, q.ID); err != nil || !done {
		t.Fatalf("drop the question: got %v, %v", done, err)
	}
	prune(0) // it was touched just now
	c.advance(2 * time.Hour)
	prune(1)
}
