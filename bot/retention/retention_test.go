package retention

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// fakeStore notes what was pruned.
type fakeStore struct {
	Store
	pruned   []string
	prunedAt []time.Time
	meta     string
}

func (f *fakeStore) Meta(context.Context, string) (string, error) { return f.meta, nil }

func (f *fakeStore) SetMeta(_ context.Context, _, value string) error {
	f.meta = value
	return nil
}

func (f *fakeStore) FinishErasures(context.Context) error { return nil }

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

func (f *fakeStore) PruneClaims(context.Context) error {
	f.prunedAt = append(f.prunedAt, time.Now())
	return f.note("claims", 0)
}

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

// TestBotThatRestartsOftenPrunesToo starts a new bot on the same database every twenty minutes.
func TestBotThatRestartsOftenPrunesToo(t *testing.T) {
	t.Parallel()
	now, db := time.Unix(1_700_000_000, 0), &fakeStore{}
	for range 10 { // the last one starts after three hours
		r := New(Options{Store: db, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
		r.prune(t.Context())
		r.prune(t.Context())
		now = now.Add(20 * time.Minute)
	}
	if n := len(db.prunedAt); n != 3 {
		t.Errorf("got %d prunes in three hours, want 3", n)
	}
	db.meta = now.Add(1000 * time.Hour).UTC().Format(time.RFC3339)
	for range 10 {
		New(Options{Store: db, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}).prune(t.Context())
		now = now.Add(20 * time.Minute)
	}
	if n := len(db.prunedAt); n != 6 {
		t.Errorf("got %d prunes, want 6: the clock was set back", n)
	}
}

// TestRunPrunesOnceAnHour lets the loop itself live through some hours, in which servers come and go.
func TestRunPrunesOnceAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db, began := &fakeStore{}, time.Now()
		r := New(Options{Store: db, Interval: 10 * time.Minute, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		ended := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { ended <- r.Run(ctx) }()
		for time.Since(began) < 3*time.Hour+30*time.Minute {
			time.Sleep(7 * time.Minute)
			r.memberships.wake <- struct{}{} // as a server's event does
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run ended with %v, want nil", err)
		}
		if n := len(db.prunedAt); n != 3 {
			t.Errorf("got %d prunes in three and a half hours, want 3", n)
		}
		last := began
		for i, at := range db.prunedAt {
			if after := at.Sub(last); after < time.Hour || after > time.Hour+10*time.Minute {
				t.Errorf("prune %d: got it %v after the one before", i+1, after)
			}
			last = at
		}
	})
}
