package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"darkroom/store"
)

// BenchmarkSQLite measures how fast one process can write. Each step survives a loss of power (synchronous=FULL), so it
// includes the flushes of the disk. "full" is a database with 100,000 jobs of earlier days.
func BenchmarkSQLite(b *testing.B) {
	for name, existing := range map[string]int{"empty": 0, "full": 100_000} {
		b.Run("accept/"+name, func(b *testing.B) { benchAccept(b, filledStore(b, existing)) })
	}
	b.Run("whole job", func(b *testing.B) { benchWholeJob(b, filledStore(b, 0)) })
}

// filledStore opens a database with this many jobs of 1000 users in 100 servers.
func filledStore(b *testing.B, jobs int) *store.Store {
	b.Helper()
	c := &clock{t: noon}
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "a.db"), store.Options{Now: c.now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	fillStore(b, s, jobs)
	c.advance(2 * store.Day)
	return s
}

// fillStore accepts this many jobs of 1000 users in 100 servers.
func fillStore(b *testing.B, s *store.Store, jobs int) {
	b.Helper()
	const atOnce = 500
	for n := 0; n < jobs; n += atOnce {
		var jobs []store.Job
		for i := range atOnce {
			j := jobOf(n / atOnce)
			j.ID = fmt.Sprintf("before%d-%d", n, i)
			jobs = append(jobs, j)
		}
		if err := s.Accept(b.Context(), jobs, acceptAlways); err != nil {
			b.Fatal(err)
		}
	}
}

// jobOf is a job of the n-th user.
func jobOf(n int) store.Job {
	j := job("")
	j.Server, j.User = fmt.Sprint("g", n%100), fmt.Sprint("u", n%1000)
	return j
}

func benchAccept(b *testing.B, s *store.Store) {
	n := 0
	for b.Loop() {
		j := jobOf(n)
		j.ID = fmt.Sprintf("%d-0", n)
		if err := s.Accept(b.Context(), []store.Job{j}, acceptAlways); err != nil {
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
		j := jobOf(n)
		j.ID = fmt.Sprintf("%d-0", n)
		steps := []func(context.Context) error{
			func(ctx context.Context) error { return s.Accept(ctx, []store.Job{j}, acceptAlways) },
			func(ctx context.Context) error { _, err := s.Acknowledge(ctx, j.ID, "m"); return err },
			func(ctx context.Context) error { _, err := s.MarkEnqueued(ctx, j.ID, 1); return err },
			func(ctx context.Context) error { _, err := s.MarkLeased(ctx, j.ID); return err },
			func(ctx context.Context) error {
				_, err := s.Finish(ctx, j.ID, "m", json.RawMessage(outcome))
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

// BenchmarkDoneIn measures how fast the newest jobs of a channel are found among 200,000 of one server.
func BenchmarkDoneIn(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a.db")
	s, err := store.Open(b.Context(), path, store.Options{Now: (&clock{t: noon}).now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	fillStore(b, s, 200_000)
	const done = `UPDATE jobs SET state = 'done', server = 's', channel = 'c' || (rowid % 10), created = created + rowid`
	if _, err := openRaw(b, path).Exec(done); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		found, err := s.DoneIn(b.Context(), "s", "c3", 2000)
		if err != nil || len(found) != 2000 {
			b.Fatalf("got %d jobs, %v", len(found), err)
		}
	}
}
