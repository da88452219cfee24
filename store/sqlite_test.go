package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/store"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	exercise(t, func(t *testing.T, o store.Options) *store.Store {
		return openAt(t, filepath.Join(t.TempDir(), "100% sure?#1.db"), o)
	})
}

func openAt(t *testing.T, path string, o store.Options) *store.Store {
	t.Helper()
	return openURL(t, "sqlite:"+path, o)
}

func openURL(t *testing.T, address string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestOpen(t *testing.T) {
	t.Parallel()
	t.Run("an address of another kind is refused", func(t *testing.T) {
		t.Parallel()
		for _, address := range []string{"mysql://x/y", "postgres://[", "", "sqlite:"} {
			if _, err := store.Open(t.Context(), address, store.Options{}); err == nil {
				t.Errorf("%q: got no error", address)
			}
		}
	})
	t.Run("only the owner can read the file", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "a.db")
		openAt(t, path, store.Options{})
		for _, name := range []string{path, path + "-wal", path + "-shm"} {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, name, info.Mode().Perm(), os.FileMode(0o600))
		}
	})
	t.Run("a plain path is a database", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "plain.db")
		s, err := store.Open(t.Context(), path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		accept(t, s, job("1-0"))
	})
	t.Run("a database of a newer program is refused", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "newer.db")
		openAt(t, path, store.Options{})
		db := openRaw(t, path)
		if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(t.Context(), path, store.Options{})
		if err == nil || !strings.Contains(err.Error(), "use a newer darkroom") {
			t.Errorf("got %v, want advice to use a newer darkroom", err)
		}
	})
}

func TestReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	s := openAt(t, path, store.Options{})
	acceptAndAcknowledge(t, s, "1-0")
	if _, err := s.NextEpoch(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	before := find(t, s, "1-0")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path, store.Options{})
	equal(t, "the job", find(t, s, "1-0"), before)
	n, err := s.CurrentEpoch(t.Context(), "main")
	equal(t, "the epoch", []any{n, err}, []any{int64(1), error(nil)})
}

func TestKilled(t *testing.T) {
	t.Parallel()
	killInAccept(t, "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
}

// killInAccept checks that a process that dies right after Accept has not lost the job, and that one that dies during
// Accept leaves neither half of the jobs nor a lock.
func killInAccept(t *testing.T, address string) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestDie$")
	cmd.Env = append(os.Environ(), "DARKROOM_TEST_DIE="+address)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Success() {
		t.Fatalf("the child ended by %v, want a kill: %s", err, out)
	}
	s := openURL(t, address, store.Options{})
	equal(t, "the accepted job", find(t, s, "1-0").State, store.Accepted)
	if _, err := s.Find(t.Context(), "2-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the half-accepted job: got %v, want %v", err, store.ErrNotFound)
	}
	accept(t, s, job("2-0"))
}

// TestDie is the child of killInAccept.
func TestDie(t *testing.T) {
	address := os.Getenv("DARKROOM_TEST_DIE")
	if address == "" {
		t.Skip("only runs as the child of another test")
	}
	s := openURL(t, address, store.Options{})
	accept(t, s, job("1-0"))
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	err = s.Accept(t.Context(), []store.Job{job("2-0"), job("2-1")}, func(store.Policy, store.Usage) error {
		return self.Kill()
	})
	time.Sleep(time.Minute) // the kill comes earlier
	t.Fatal(err)
}

// openRaw opens the file beside the store, as a shell would.
func openRaw(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestFinishedStateNeverChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	s := openAt(t, path, store.Options{})
	acceptAndAcknowledge(t, s, "1-0")
	mustChange(t, s.Cancel, "1-0")
	_, err := openRaw(t, path).Exec(`UPDATE jobs SET state = 'waiting' WHERE id = '1-0'`)
	if err == nil || !strings.Contains(err.Error(), "never changes") {
		t.Errorf("got %v, want a refusal of the database itself", err)
	}
}

// TestDeadline checks that a request returns near its deadline while another program locks the database.
func TestDeadline(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	s := openAt(t, path, store.Options{})
	hold, err := openRaw(t, path).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	if _, err := hold.ExecContext(t.Context(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Accept(ctx, []store.Job{job("1-0")}, acceptAlways); err == nil {
		t.Error("got no error while the database was locked")
	}
	if _, err := hold.ExecContext(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Find(t.Context(), "1-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want %v", err, store.ErrNotFound)
	}
	accept(t, s, job("1-0"))
}

func TestQueriesUseTheirIndexes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	s := openAt(t, path, store.Options{})
	for i := range 3 {
		acceptAndAcknowledge(t, s, fmt.Sprintf("%d-0", i))
	}
	const unfinished = `state IN ('accepted', 'waiting', 'running')`
	const ended = `state IN ('done', 'failed', 'cancelled', 'expired')`
	for _, c := range []struct{ query, index string }{
		{`SELECT * FROM jobs WHERE state IN ('waiting', 'running') AND epoch < 3 ORDER BY created, id LIMIT 5`,
			"jobs_unqueued"},
		{`SELECT * FROM jobs WHERE ` + unfinished + ` AND user_id = 'u'`, "jobs_unfinished_of_user"},
		{`SELECT SUM(pictures) FROM jobs WHERE server = 's' AND user_id = 'u' AND ` + unfinished,
			"jobs_unfinished_of_account"},
		{`SELECT SUM(pictures) FROM jobs WHERE server = 's' AND user_id = 'u' AND created > 5
			AND state NOT IN ('failed', 'cancelled', 'expired')`, "jobs_of_account"},
		{`SELECT * FROM jobs WHERE user_id = 'u' AND (` + ended + ` OR ` + unfinished + `)`, "jobs_ended_of_user"},
		{`UPDATE jobs SET erased = TRUE WHERE user_id = 'u' AND created <= 5 AND ` + ended, "jobs_ended_of_user"},
		{`SELECT MIN(server) FROM jobs WHERE server > 's'`, "jobs_of_account"},
		{`SELECT id FROM jobs WHERE server = 's' LIMIT 500`, "jobs_of_account"},
		{`SELECT id FROM jobs WHERE state = 'accepted' AND created < 5`, "jobs_accepted"},
		{store.DoneInQuery, "jobs_done_of_channel (server=? AND channel=?)"},
		{`SELECT * FROM deliveries WHERE state = 'offer' ORDER BY at`, "deliveries_reoffer_due"},
		{`SELECT * FROM posts WHERE kind = 'ping' AND state IN ('due', 'sending') ORDER BY at`, "posts_due"},
		{`SELECT * FROM daily_totals WHERE user_id = 'u'`, "daily_totals_of_user"},
		{`DELETE FROM claims WHERE expires < 5`, "claims_expires"},
	} {
		plan := explain(t, openRaw(t, path), c.query)
		if !strings.Contains(plan, c.index) {
			t.Errorf("%s\ngot plan %s, want index %s", c.query, plan, c.index)
		}
		if c.query == store.DoneInQuery && strings.Contains(plan, "ORDER BY") {
			t.Errorf("got plan %s, want the order of the index", plan)
		}
	}
}

func explain(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.Query("EXPLAIN QUERY PLAN " + query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}
