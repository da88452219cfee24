package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"darkroom/store"
)

func exerciseServerPresets(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	save := func(server, name, body string) error {
		return s.SaveServerPreset(ctx, server, name, json.RawMessage(body), "mod")
	}
	for _, p := range [][2]string{{"sea", `{"steps":"9"}`}, {"ink", `{}`}, {"ink", `{"count":"2"}`}} {
		noError(t, "save", save("g1", p[0], p[1]))
	}
	noError(t, "save one's own", s.SavePreset(ctx, "u1", "ink", json.RawMessage(`{"steps":"3"}`)))
	at := c.now().UTC()
	mine := []store.Preset{{"ink", json.RawMessage(`{"steps":"3"}`), at}}
	servers := []store.Preset{{"ink", json.RawMessage(`{"count":"2"}`), at}, {"sea", json.RawMessage(`{"steps":"9"}`), at}}
	own, ofServer, err := s.PresetsFor(ctx, "g1", "u1")
	equal(t, "presets", []any{own, ofServer, err}, []any{mine, servers, error(nil)})
	own, ofServer, err = s.PresetsFor(ctx, "g2", "u1")
	equal(t, "presets elsewhere", []any{own, ofServer, err}, []any{mine, []store.Preset(nil), error(nil)})
	for _, find := range []struct {
		server, user, name string
		want               store.Preset
		err                error
	}{
		{"g1", "u1", "ink", mine[0], nil}, {"g1", "u2", "ink", servers[0], nil}, {"g1", "u1", "sea", servers[1], nil},
		{"g2", "u2", "ink", store.Preset{}, store.ErrNotFound},
	} {
		got, err := s.FindPreset(ctx, find.server, find.user, find.name)
		if !errors.Is(err, find.err) {
			t.Errorf("%v: got %v", find, err)
		}
		equal(t, "a preset by its name", got, find.want)
	}
	last, err := s.LastAct(ctx, "g1", store.ActSavePreset)
	equal(t, "who saved it", []any{last.Actor, string(last.Detail), err},
		[]any{"mod", `{"name":"ink","options":{"count":"2"}}`, error(nil)})
	for i := range store.MaxPresets - 2 {
		noError(t, "fill", save("g1", fmt.Sprint(i), `{}`))
	}
	if err := save("g1", "one more", `{}`); !errors.Is(err, store.ErrTooManyPresets) {
		t.Errorf("one more than allowed: got %v, want %v", err, store.ErrTooManyPresets)
	}
	noError(t, "another server has room", save("g2", "one more", `{}`))
	noError(t, "delete", s.DeleteServerPreset(ctx, "g1", "ink", "mod"))
	if err := s.DeleteServerPreset(ctx, "g1", "ink", "mod"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("delete twice: got %v, want %v", err, store.ErrNotFound)
	}
	for what, err := range map[string]error{
		"no name": save("g1", "", `{}`), "no server": save("", "x", `{}`), "no JSON": save("g1", "x", `{`),
	} {
		if err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
}
