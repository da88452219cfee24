package queue

import (
	"errors"
	"testing"
	"time"
)

func TestOwn(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	q := Embedded(Options{Now: func() time.Time { return now }})
	t.Cleanup(func() { _ = q.Close() })
	for _, c := range []struct {
		name     string
		after    time.Duration
		database string
		period   time.Duration
		newID    string
		want     string // "" is refused
	}{
		{"a pool without an owner", 0, "a", time.Minute, "1", "1"},
		{"its owner again", time.Second, "a", time.Minute, "2", "1"},
		{"another one too early", 59 * time.Second, "b", time.Minute, "3", ""},
		{"another one, when the owner is gone", time.Second, "b", time.Minute, "3", "1"},
		{"the first one again", 0, "a", time.Minute, "4", ""},
		{"the new owner gives it up", 0, "b", 0, "3", "1"},
		{"and another one takes it at once", 0, "a", time.Minute, "4", "1"},
	} {
		now = now.Add(c.after)
		id, err := q.Own(t.Context(), c.database, c.period, c.newID)
		if id != c.want || errors.Is(err, ErrOtherDatabase) != (c.want == "") {
			t.Errorf("%s: got %q, %v, want %q", c.name, id, err, c.want)
		}
	}
	if _, empty, err := q.Epoch(t.Context()); err != nil || !empty {
		t.Errorf("epoch: got empty %v, %v, want none: owning begins no epoch", empty, err)
	}
}

// A copy of the data on another server, or a server that restarted, must not pass for the one that had the id.
func TestOwnGivesEachServerAnID(t *testing.T) {
	t.Parallel()
	r := newFixture(t, Options{}, backends["redis"])
	own := func(newID, want string) {
		t.Helper()
		if id, err := r.Queue.Own(r.ctx, "a", time.Minute, newID); id != want || err != nil {
			t.Errorf("got %q, %v, want %q", id, err, want)
		}
	}
	own("1", "1")
	own("2", "1")
	if err := r.db.HSet(r.ctx, r.opts.rootKey(), "idrun", "another").Err(); err != nil {
		t.Fatal(err)
	}
	own("3", "3")
	own("4", "3")
}
