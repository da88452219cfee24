package store_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"darkroom/store"
)

// fillPerson fills the store for exerciseErase. User u1 has a job that is done, one from yesterday and one that waits.
// User u2 reused the start image of u1 and has one of their own, which u1 reused.
func fillPerson(t *testing.T, s *store.Store, c *clock) (mine, theirs string) {
	t.Helper()
	mine, mineBytes := picture("mine")
	theirs, theirBytes := picture("theirs")
	for sha, data := range map[string][]byte{mine: mineBytes, theirs: theirBytes} {
		if err := s.PutInput(t.Context(), sha, data); err != nil {
			t.Fatal(err)
		}
	}
	jobWith := func(id, user, parent string, inputs ...string) store.Job {
		j := job(id)
		j.User, j.Parent, j.Inputs = user, parent, inputs
		return j
	}
	accept(t, s, jobWith("1-0", "u1", ""))
	finish(t, s, "1-0")
	c.advance(store.Day + time.Hour)
	accept(t, s, jobWith("2-0", "u1", "", mine), jobWith("3-0", "u2", "", theirs),
		jobWith("4-0", "u2", "2-0", mine), jobWith("5-0", "u1", "3-0", theirs))
	finish(t, s, "2-0", "3-0", "4-0", "5-0")
	acceptAndAcknowledge(t, s, "6-0")
	if err := s.SavePreset(t.Context(), "u1", "sea", json.RawMessage(`{}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.SetPolicy(t.Context(), "g1", store.Policy{PerUserDay: 9}, "u1"); err != nil {
		t.Fatal(err)
	}
	return mine, theirs
}

func exerciseErase(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	mine, theirs := fillPerson(t, s, c)
	p, err := s.Person(ctx, "u1", 3)
	equal(t, "person", []any{ids(p.Jobs), p.OlderJobs, len(p.Presets), len(p.Totals), len(p.AuditRecords), err},
		[]any{[]string{"6-0", "5-0", "2-0"}, 1, 1, 2, 1, error(nil)})
	nextDay := noon.UTC().Truncate(store.Day).Add(store.Day)
	equal(t, "totals", p.Totals[1],
		store.DailyTotals{Server: "g1", Day: nextDay, Totals: store.Totals{Pictures: 8, Millis: 2300}})
	before, err := s.Usage(ctx, "g1", "u1")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Erase(ctx, "u1"); err != nil {
		t.Fatal(err)
	}
	after, err := s.Usage(ctx, "g1", "u1")
	equal(t, "usage after erasing", []any{after, err}, []any{before, error(nil)})
	for what, list := range map[string]func() ([]store.Job, error){
		"recent jobs": func() ([]store.Job, error) { return s.RecentlyEnded(ctx, "u1", 9) },
		"ended jobs":  func() ([]store.Job, error) { return s.Ended(ctx, noon.Add(-store.Day), 9) },
	} {
		left, err := list()
		if slices.ContainsFunc(left, func(j store.Job) bool { return j.User == "u1" }) || err != nil {
			t.Errorf("%s after erasing: got %v, %v; want none of u1's", what, ids(left), err)
		}
	}
	for _, id := range []string{"1-0", "2-0", "5-0"} {
		if _, err := s.Find(ctx, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("job %s: got %v, want %v", id, err, store.ErrNotFound)
		}
	}
	if err := s.Accept(ctx, []store.Job{job("2-0")}, acceptAlways); !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("a repeated event of an erased job: got %v, want %v", err, store.ErrDuplicate)
	}
	p, err = s.Person(ctx, "u1", 9)
	equal(t, "person after", []any{ids(p.Jobs), p.OlderJobs, len(p.Presets), len(p.Totals), len(p.AuditRecords), err},
		[]any{[]string{"6-0"}, 0, 0, 0, 0, error(nil)})
	if _, err := s.Input(ctx, mine); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("their start picture: got %v, want %v", err, store.ErrNotFound)
	}
	if _, err := s.Input(ctx, theirs); err != nil {
		t.Errorf("another user's start picture: %v", err)
	}
	equal(t, "another user's job", find(t, s, "4-0").State, store.Done)
	exerciseFinishErasures(t, s, c)
}

// exerciseFinishErasures goes on after u1 was erased while job 6-0 was waiting. User u1 goes on requesting images.
func exerciseFinishErasures(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	finishErasures := func() {
		t.Helper()
		if err := s.FinishErasures(ctx); err != nil {
			t.Fatal(err)
		}
	}
	c.advance(time.Minute)
	acceptAndAcknowledge(t, s, "7-0")
	finishErasures()
	equal(t, "the unfinished job", find(t, s, "6-0").State, store.Waiting)
	finish(t, s, "6-0", "7-0")
	finishErasures()
	if _, err := s.Find(ctx, "6-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the job that ended: got %v, want %v", err, store.ErrNotFound)
	}
	equal(t, "a job from after the erasure", find(t, s, "7-0").State, store.Done)
	p, err := s.Person(ctx, "u1", 9)
	equal(t, "totals since then", []any{len(p.Totals), p.Totals[0].Pictures, err}, []any{1, 4, error(nil)})
	c.advance(store.Day)
	finishErasures()
	count, err := s.Count(ctx)
	equal(t, "rows a day later", []any{count, err}, []any{map[store.State]int{store.Done: 3}, error(nil)}) // 3-0, 4-0, 7-0
	accept(t, s, job("2-0"))
	finish(t, s, "2-0")
	finishErasures()
	equal(t, "a job long after the erasure", find(t, s, "2-0").State, store.Done)
}

// TestPersonHoldsAllTables: what a table has about a person is in Person, which /mydata export shows.
func TestPersonHoldsAllTables(t *testing.T) {
	t.Parallel()
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "a.db")
	s := openAt(t, path, store.Options{})
	fillPerson(t, s, &clock{t: noon})
	_, _, err := s.BeginPost(ctx, "6-0", store.PingPost, "c1")
	_, perr := s.ChangePreferences(ctx, "u1", func(p *store.Preferences) { p.Ping = true })
	qerr := s.PutQuestion(ctx, store.Question{ID: "7", User: "u1", Body: json.RawMessage(`{}`)})
	if err := errors.Join(err, perr, qerr, s.MarkSending(ctx, "6-0", "c1", "")); err != nil {
		t.Fatal(err)
	}
	p, err := s.Person(ctx, "u1", 9)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{
		"jobs": "Jobs", "presets": "Presets", "preferences": "Preferences", "daily_totals": "Totals",
		"questions": "Questions", "audit": "AuditRecords", "posts": "Posts", "deliveries": "Deliveries",
		"job_inputs":     "Jobs", // a job names its inputs
		"inbox_pictures": "Deliveries",
		"erasures":       "", // that somebody was erased, until it has ended
	}
	rows, err := openRaw(t, path).QueryContext(ctx, `SELECT DISTINCT m.name
		FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name IN ('user_id', 'actor', 'job')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := 0
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		field, known := fields[table]
		if !known || field != "" && reflect.ValueOf(p).FieldByName(field).IsZero() {
			t.Errorf("what table %s has about a person is not in Person", table)
		}
		found++
	}
	if rows.Err() != nil || found < len(fields)-1 { // that of jobs is named id
		t.Errorf("got %d tables, %v, want those of %v", found, rows.Err(), fields)
	}
}
