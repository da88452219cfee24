package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"darkroom/store"
)

// BenchmarkSQLite measures what one process can write down, each step surviving a loss of power (synchronous=FULL): the
// disk's flushes are part of it. "full" is a
// ledger that holds 100,000 jobs of earlier days.
func BenchmarkSQLite(b *testing.B) {
	for name, before := range map[string]int{"empty": 0, "full": 100_000} {
		b.Run("accept/"+name, func(b *testing.B) { benchAccept(b, filled(b, before)) })
	}
	b.Run("life", func(b *testing.B) { benchLife(b, filled(b, 0)) })
}

// filled opens a ledger with so many finished jobs of a thousand people in a hundred servers.
func filled(b *testing.B, jobs int) *store.Store {
	b.Helper()
	c := &clock{t: noon}
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "a.db"), store.Options{Now: c.now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	const atOnce = 500
	for n := 0; n < jobs; n += atOnce {
		var entries []store.Entry
		for i := range atOnce {
			e := someone(n / atOnce)
			e.ID = fmt.Sprintf("before%d-%d", n, i)
			entries = append(entries, e)
		}
		if err := s.Accept(b.Context(), entries, yes); err != nil {
			b.Fatal(err)
		}
	}
	c.advance(2 * store.Day)
	return s
}

// someone is the n-th person's job.
func someone(n int) store.Entry {
	e := job("")
	e.Server, e.User = fmt.Sprint("g", n%100), fmt.Sprint("u", n%1000)
	return e
}

func benchAccept(b *testing.B, s *store.Store) {
	n := 0
	for b.Loop() {
		e := someone(n)
		e.ID = fmt.Sprintf("%d-0", n)
		if err := s.Accept(b.Context(), []store.Entry{e}, yes); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "accepts/s")
}

// benchLife takes jobs from the request to the end, as the bot does.
func benchLife(b *testing.B, s *store.Store) {
	n := 0
	for b.Loop() {
		e := someone(n)
		e.ID = fmt.Sprintf("%d-0", n)
		steps := []func(context.Context) error{
			func(ctx context.Context) error { return s.Accept(ctx, []store.Entry{e}, yes) },
			func(ctx context.Context) error { _, err := s.Answered(ctx, e.ID, "m"); return err },
			func(ctx context.Context) error { _, err := s.Acknowledged(ctx, e.ID); return err },
			func(ctx context.Context) error { _, err := s.Enqueued(ctx, e.ID, 1); return err },
			func(ctx context.Context) error { _, err := s.Leased(ctx, e.ID); return err },
			func(ctx context.Context) error {
				_, err := s.Finish(ctx, e.ID, "m", json.RawMessage(outcome))
				return err
			},
		}
		for _, step := range steps {
			if err := step(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "jobs/s")
}
