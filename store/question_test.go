package store_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"darkroom/store"
)

// exerciseQuestions checks that a question stays until one answer takes it, it is too old, or its user is erased.
func exerciseQuestions(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	asked := store.Question{ID: "7", User: "u1", Body: json.RawMessage(`{"prompt":"{a, b}"}`)}
	if err := errors.Join(s.PutQuestion(ctx, asked), s.PutQuestion(ctx, asked)); err != nil {
		t.Fatal(err)
	}
	got, err := s.Question(ctx, "7")
	equal(t, "question", []any{got, err}, []any{asked, error(nil)})
	if p, err := s.Person(ctx, "u1", 1); err != nil || len(p.Questions) != 1 || p.Questions[0].ID != "7" {
		t.Errorf("of the person: got %+v, %v, want the question", p.Questions, err)
	}
	for _, want := range []bool{true, false} {
		if taken, err := s.DropQuestion(ctx, "7"); err != nil || taken != want {
			t.Errorf("drop: got %v, %v, want %v", taken, err, want)
		}
	}
	if _, err := s.Question(ctx, "7"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a question that was answered: got %v, want %v", err, store.ErrNotFound)
	}
	for _, bad := range []store.Question{
		{User: "u", Body: asked.Body}, {ID: "1", Body: asked.Body}, {ID: "1", User: "u", Body: json.RawMessage("{")},
	} {
		if s.PutQuestion(ctx, bad) == nil {
			t.Errorf("%+v: got no error", bad)
		}
	}
	gone := func(what string) {
		t.Helper()
		if _, err := s.Question(ctx, "7"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: got %v, want %v", what, err, store.ErrNotFound)
		}
	}
	if err := errors.Join(s.PutQuestion(ctx, asked), s.Erase(ctx, "u1")); err != nil {
		t.Fatal(err)
	}
	gone("erased")
	if err := s.PutQuestion(ctx, asked); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Hour)
	if err := s.PruneQuestions(ctx, 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Question(ctx, "7"); err != nil {
		t.Errorf("a question of an hour ago: %v", err)
	}
	if err := s.PruneQuestions(ctx, time.Minute); err != nil {
		t.Fatal(err)
	}
	gone("too old")
}
