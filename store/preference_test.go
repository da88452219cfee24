package store_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"darkroom/store"
)

func exercisePreferences(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	none, err := s.Settings(ctx, "g1", "u1")
	equal(t, "settings that nobody set", []any{none, err}, []any{store.Settings{}, error(nil)})
	mine := store.Preferences{
		Options: map[string]string{"steps": "30", "model": "odd \x00 name"}, Suffix: "oil --ar 3:2", Remix: true,
		Language: "de", Ping: true,
	}
	now, err := s.ChangePreferences(ctx, "u1", func(p *store.Preferences) { *p = mine })
	equal(t, "after a change", []any{now, err}, []any{mine, error(nil)})
	now, err = s.ChangePreferences(ctx, "u1", func(p *store.Preferences) { p.Ping = false })
	mine.Ping = false
	equal(t, "what is not changed stays", []any{now, err}, []any{mine, error(nil)})
	servers := store.ServerSettings{Options: map[string]string{"steps": "12"}, Language: "en"}
	set, err := s.ChangeServerSettings(ctx, "g1", "mod", func(v *store.ServerSettings) { *v = servers })
	equal(t, "server settings after a change", []any{set, err}, []any{servers, error(nil)})

	both, err := s.Settings(ctx, "g1", "u1")
	equal(t, "both in one read", []any{both, err}, []any{store.Settings{Person: mine, Server: servers}, error(nil)})
	other, err := s.Settings(ctx, "g2", "u2")
	equal(t, "another user elsewhere", []any{other, err}, []any{store.Settings{}, error(nil)})

	p, err := s.Person(ctx, "u1", 1)
	equal(t, "what is stored about a person", []any{p.Preferences.Updated, err}, []any{c.now().UTC(), error(nil)})
	var stored store.Preferences
	if err := json.Unmarshal(p.Preferences.Body, &stored); err != nil || !reflect.DeepEqual(stored, mine) {
		t.Errorf("the row of a person: got %s, %v", p.Preferences.Body, err)
	}
	noError(t, "erase", s.Erase(ctx, "u1"))
	p, err = s.Person(ctx, "u1", 1)
	equal(t, "after erasing", []any{p.Preferences, err}, []any{store.PreferenceRow{}, error(nil)})
	both, err = s.Settings(ctx, "g1", "u1")
	equal(t, "the server keeps its own", []any{both, err}, []any{store.Settings{Server: servers}, error(nil)})
	exerciseServerForgets(t, s, c)
}

// exerciseServerForgets goes on after the server g1 got settings from mod.
func exerciseServerForgets(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	last, err := s.LastAct(ctx, "g1", store.ActSetPolicy, store.ActResetPolicy)
	equal(t, "no limit was changed", []any{last, err}, []any{store.AuditRecord{}, error(nil)})
	last, err = s.LastAct(ctx, "g1", store.ActSetPolicy, store.ActSetSettings)
	equal(t, "who changed the settings", []any{last.Actor, string(last.Detail), err},
		[]any{"mod", `{"options":{"steps":"12"},"language":"en"}`, error(nil)})
	if _, err := s.ChangeServerSettings(ctx, "", "mod", func(*store.ServerSettings) {}); err == nil {
		t.Error("settings of no server were stored")
	}
	if _, err := s.ChangePreferences(ctx, "", func(*store.Preferences) {}); err == nil {
		t.Error("preferences of nobody were stored")
	}
	known, err := s.Servers(ctx)
	equal(t, "a server with settings alone is known", []any{known, err}, []any{map[string]bool{"g1": false}, error(nil)})
	set, err := s.ChangeServerSettings(ctx, "g1", "mod", func(v *store.ServerSettings) { *v = store.ServerSettings{} })
	equal(t, "reset", []any{set, err}, []any{store.ServerSettings{}, error(nil)})
	known, err = s.Servers(ctx)
	equal(t, "nothing is kept of settings that say nothing", []any{known, err}, []any{map[string]bool{}, error(nil)})

	noError(t, "a preset", s.SaveServerPreset(ctx, "g1", "ink", json.RawMessage(`{}`), "mod"))
	_, err = s.ChangeServerSettings(ctx, "g1", "mod", func(v *store.ServerSettings) { v.Language = "de" })
	noError(t, "settings again", err)
	noError(t, "depart", s.MarkDeparted(ctx, "g1"))
	c.advance(time.Hour)
	gone, err := s.ForgetServers(ctx, time.Minute)
	equal(t, "forgotten", []any{gone, err}, []any{[]string{"g1"}, error(nil)})
	left, err := s.Settings(ctx, "g1", "u1")
	equal(t, "settings of a server that is forgotten", []any{left, err}, []any{store.Settings{}, error(nil)})
	_, presets, err := s.PresetsFor(ctx, "g1", "u1")
	equal(t, "its presets", []any{presets, err}, []any{[]store.Preset(nil), error(nil)})
}
