package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"darkroom/store"
)

// The part of exercise about what belongs to people and servers; forget_test.go is about how it is forgotten.

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
	equal(t, "presets", []any{all, err}, []any{[]store.Preset{{"Tree", json.RawMessage(`{}`), at}, {"sea", json.RawMessage(`{"steps":12}`), at}}, error(nil)})
	one, err := s.Preset(ctx, "u1", "sea")
	equal(t, "preset", []any{one, err}, []any{all[1], error(nil)})
	if _, err := s.Preset(ctx, "u2", "sea"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("somebody else's preset: got %v, want %v", err, store.ErrNotFound)
	}
	for what, err := range map[string]error{"no name": save("u1", "", `{}`), "no user": save("", "x", `{}`), "no JSON": save("u1", "x", `{`)} {
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

// exerciseQuestions keeps questions until one answer takes them, or they are too old, or whoever was asked is erased.
func exerciseQuestions(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	asked := store.Question{ID: "7", User: "u1", Body: json.RawMessage(`{"prompt":"{a, b}"}`)}
	if err := errors.Join(s.PutQuestion(ctx, asked), s.PutQuestion(ctx, asked)); err != nil {
		t.Fatal(err)
	}
	got, err := s.Question(ctx, "7")
	equal(t, "ask", []any{got, err}, []any{asked, error(nil)})
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
	for _, bad := range []store.Question{{User: "u", Body: asked.Body}, {ID: "1", Body: asked.Body}, {ID: "1", User: "u", Body: json.RawMessage("{")}} {
		if s.PutQuestion(ctx, bad) == nil {
			t.Errorf("%+v was kept", bad)
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

const outcome = `{"delivered":"posted","ms":{"load":100,"encode":20,"denoise":1000,"decode":30,"post":5000}}`

func finish(t *testing.T, s *store.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if done, err := s.Finish(t.Context(), id, "m"+id, json.RawMessage(outcome)); err != nil || !done {
			t.Fatalf("finish %s: got %v, %v, want true, nil", id, done, err)
		}
	}
}

func exerciseTotals(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	acceptAndAcknowledge(t, s, "1-0", "1-1", "1-2", "1-3", "1-4")
	finish(t, s, "1-0", "1-1")
	if done, err := s.Finish(ctx, "1-0", "m", json.RawMessage(outcome)); done || err != nil {
		t.Errorf("finish twice: got %v, %v, want false, nil", done, err)
	}
	mustChange(t, s.Cancel, "1-2") // what is cancelled or fails is refunded
	if _, err := s.Fail(ctx, "1-3", "x"); err != nil {
		t.Fatal(err)
	}
	day := c.now()
	c.advance(store.Day)
	if _, err := s.Finish(ctx, "1-4", "", nil); err != nil { // an outcome that says nothing
		t.Fatal(err)
	}
	for what, want := range map[time.Time]store.Totals{
		day: {Pictures: 12, Millis: 2300}, c.now(): {Pictures: 4}, c.now().Add(store.Day): {},
	} {
		got, err := s.TotalsOf(ctx, "g1", what)
		equal(t, fmt.Sprint("spent since ", what), []any{got, err}, []any{want, error(nil)})
	}
	got, err := s.TotalsOf(ctx, "g2", day)
	equal(t, "spent elsewhere", []any{got, err}, []any{store.Totals{}, error(nil)})
}

func exerciseWeights(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	set := func(role string, percent int) {
		t.Helper()
		if err := s.SetRoleWeight(ctx, "g1", role, percent, "mod"); err != nil {
			t.Fatal(err)
		}
	}
	weights := func(server string, want map[string]int) {
		t.Helper()
		got, err := s.RoleWeights(ctx, server)
		equal(t, "weights of "+server, []any{got, err}, []any{want, error(nil)})
	}
	weights("g1", map[string]int{})
	set("patron", 200)
	set("patron", 300)
	set("guest", 50)
	set("guest", 100)
	set("nobody", 0)
	weights("g1", map[string]int{"patron": 300})
	weights("g2", map[string]int{})
	if err := s.SetRoleWeight(ctx, "g1", "patron", -1, "mod"); err == nil {
		t.Error("a weight below zero: got no error")
	}
	if err := s.SetRoleWeight(ctx, "g2", "patron", 50, "mod"); err != nil {
		t.Fatal(err)
	}
	if err := s.ResetPolicy(ctx, "g2", "mod"); err != nil {
		t.Fatal(err)
	}
	weights("g2", map[string]int{})
	records, err := s.AuditLog(ctx, "g1", 1)
	equal(t, "the act", []any{records, err}, []any{[]store.AuditRecord{{Server: "g1", Actor: "mod", Action: "set role weight",
		Detail: json.RawMessage(`{"percent":0,"role":"nobody"}`), At: c.now().UTC()}}, error(nil)})
	e := job("1-0")
	e.Weight = 300
	accept(t, s, e)
	equal(t, "weight of a job", find(t, s, "1-0").Weight, 300)
}
