package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"darkroom/store"
)

func exerciseAccept(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	j := job("1-0")
	accept(t, s, j)
	j.State, j.Created, j.Updated = store.Accepted, noon.UTC(), noon.UTC()
	equal(t, "accepted job", find(t, s, "1-0"), j)

	asked := false
	err := s.Accept(ctx, []store.Job{job("1-0")}, func(store.Policy, store.Usage) error { asked = true; return nil })
	if !errors.Is(err, store.ErrDuplicate) || asked {
		t.Errorf("repeated event: got %v and judge asked %v, want %v and not asked", err, asked, store.ErrDuplicate)
	}
	refusal := errors.New("no")
	refuse := func(store.Policy, store.Usage) error { return refusal }
	if err := s.Accept(ctx, []store.Job{job("2-0")}, refuse); err != refusal { //nolint:errorlint // not a wrap of it
		t.Errorf("refusal: got %v, want judge's own error", err)
	}
	if _, err := s.Find(ctx, "2-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("refused job: got %v, want %v", err, store.ErrNotFound)
	}
	if err := s.Accept(ctx, []store.Job{job("3-0"), job("1-0")}, acceptAlways); !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("one of two known: got %v, want %v", err, store.ErrDuplicate)
	}
	if _, err := s.Find(ctx, "3-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("all or none: got %v, want %v", err, store.ErrNotFound)
	}
	if err := s.Accept(ctx, []store.Job{job("4-0"), job("4-0")}, acceptAlways); !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("twice in one request: got %v, want %v", err, store.ErrDuplicate)
	}
	other := job("5-1")
	other.User = "u2"
	nothing, spec := job("5-0"), job("5-0")
	nothing.Pictures, spec.Spec = 0, json.RawMessage(`{`)
	for what, bad := range map[string][]store.Job{
		"none": nil, "two users": {job("5-0"), other}, "no id": {job("")}, "no pictures": {nothing}, "no JSON": {spec},
	} {
		if err := s.Accept(ctx, bad, acceptAlways); err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Accept(stopped, []store.Job{job("6-0")}, acceptAlways); !errors.Is(err, context.Canceled) {
		t.Errorf("past the deadline: got %v, want %v", err, context.Canceled)
	}
}
