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
	for name, existing := range map[string]int{"empty": 0, "full": 100_000} {
		b.Run("accept/"+name, func(b *testing.B) { benchAccept(b, filledStore(b, existing)) })
	}
	b.Run("life", func(b *testing.B) { benchWholeJob(b, filledStore(b, 0)) })
}

// filled opens a ledger with so many finished jobs of a thousand people in a hundred servers.
func filledStore(b *testing.B, jobs int) *store.Store {
	b.Helper()
	c := &clock{t: noon}
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "a.db"), store.Options{Now: c.now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	const atOnce = 500
	for n := 0; n < jobs; n += atOnce {
		var jobs []store.Job
		for i := range atOnce {
			e := jobOf(n / atOnce)
			e.ID = fmt.Sprintf("before%d-%d", n, i)
			jobs = append(jobs, e)
		}
		if err := s.Accept(b.Context(), jobs, acceptAlways); err != nil {
			b.Fatal(err)
		}
	}
	c.advance(2 * store.Day)
	return s
}

// someone is the n-th person's job.
func jobOf(n int) store.Job {
	e := job("")
	e.Server, e.User = fmt.Sprint("g", n%100), fmt.Sprint("u", n%1000)
	return e
}

func benchAccept(b *testing.B, s *store.Store) {
	n := 0
	for b.Loop() {
		e := jobOf(n)
		e.ID = fmt.Sprintf("%d-0", n)
		if err := s.Accept(b.Context(), []store.Job{e}, acceptAlways); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "accepts/s")
}

// benchWholeJob takes jobs from the request to the end, as the bot does.
func benchWholeJob(b *testing.B, s *store.Store) {
	n := 0
	for b.Loop() {
		e := jobOf(n)
		e.ID = fmt.Sprintf("%d-0", n)
		steps := []func(context.Context) error{
			func(ctx context.Context) error { return s.Accept(ctx, []store.Job{e}, acceptAlways) },
			func(ctx context.Context) error { _, err := s.SetMessage(ctx, e.ID, "m"); return err },
			func(ctx context.Context) error { _, err := s.Acknowledge(ctx, e.ID); return err },
			func(ctx context.Context) error { _, err := s.MarkEnqueued(ctx, e.ID, 1); return err },
			func(ctx context.Context) error { _, err := s.MarkLeased(ctx, e.ID); return err },
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
