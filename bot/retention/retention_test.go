package retention

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"
)

// fakeStore notes what was pruned.
type fakeStore struct {
	Store
	pruned []string
}

func (f *fakeStore) note(what string, age time.Duration) error {
	f.pruned = append(f.pruned, what+" "+age.String())
	return nil
}

func (f *fakeStore) PruneInputs(_ context.Context, age time.Duration) (int, error) {
	return 0, f.note("inputs", age)
}

func (f *fakeStore) PruneDeliveries(_ context.Context, seen, age time.Duration) error {
	_ = f.note("shown deliveries", seen)
	return f.note("deliveries", age)
}

func (f *fakeStore) PruneClaims(context.Context) error { return f.note("claims", 0) }

func (f *fakeStore) PruneQuestions(_ context.Context, age time.Duration) error {
	return f.note("questions", age)
}

func TestPruneRunsOnceAnHour(t *testing.T) {
	t.Parallel()
	now, db := time.Unix(1_700_000_000, 0), &fakeStore{}
	r := New(Options{
		Store: db, ShownLife: time.Hour, QuestionLife: 15 * time.Minute, Now: func() time.Time { return now },
		Log: slog.New(slog.DiscardHandler),
	})
	want := []string{"inputs 720h0m0s", "shown deliveries 1h0m0s", "deliveries 720h0m0s", "claims 0s", "questions 15m0s"}
	for _, c := range []struct {
		after time.Duration
		want  []string
	}{{0, nil}, {59 * time.Minute, nil}, {time.Minute, want}, {59 * time.Minute, nil}, {time.Minute, want}} {
		now, db.pruned = now.Add(c.after), nil
		if r.prune(t.Context()); !slices.Equal(db.pruned, c.want) {
			t.Errorf("%v later: got %q, want %q", c.after, db.pruned, c.want)
		}
	}
}
