package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"darkroom/store"
)

func exercisePresets(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	save := func(user, name, body string) error { return s.SavePreset(ctx, user, name, json.RawMessage(body)) }
	for _, p := range [][2]string{{"sea", `{"steps":9}`}, {"Tree", `{}`}, {"sea", `{"steps":12}`}} {
		if err := save("u1", p[0], p[1]); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.Presets(ctx, "u1")
	at := c.now().UTC()
	want := []store.Preset{{"Tree", json.RawMessage(`{}`), at}, {"sea", json.RawMessage(`{"steps":12}`), at}}
	equal(t, "presets", []any{all, err}, []any{want, error(nil)})
	one, err := s.Preset(ctx, "u1", "sea")
	equal(t, "preset", []any{one, err}, []any{all[1], error(nil)})
	if _, err := s.Preset(ctx, "u2", "sea"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another user's preset: got %v, want %v", err, store.ErrNotFound)
	}
	for what, err := range map[string]error{
		"no name": save("u1", "", `{}`), "no user": save("", "x", `{}`), "no JSON": save("u1", "x", `{`),
	} {
		if err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
	for i := range store.MaxPresets - 2 {
		if err := save("u1", fmt.Sprint(i), `{}`); err != nil {
			t.Fatal(err)
		}
	}
	if err := save("u1", "one more", `{}`); !errors.Is(err, store.ErrTooManyPresets) {
		t.Errorf("one more than allowed: got %v, want %v", err, store.ErrTooManyPresets)
	}
	if err := save("u1", "sea", `{}`); err != nil {
		t.Errorf("replace one of many: %v", err)
	}
	if err := s.DeletePreset(ctx, "u1", "sea"); err != nil {
		t.Error(err)
	}
	if err := s.DeletePreset(ctx, "u1", "sea"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("delete twice: got %v, want %v", err, store.ErrNotFound)
	}
	if err := save("u1", "one more", `{}`); err != nil {
		t.Errorf("room again: %v", err)
	}
}
