package store

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// TestPragmas reads the settings back from both kinds of connection: SQLite ignores a misspelt one silently.
func TestPragmas(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for kind, db := range map[string]*sql.DB{"writer": s.write, "reader": s.read} {
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "busy_timeout": "1000", "foreign_keys": "1",
			"query_only": map[string]string{"writer": "0", "reader": "1"}[kind],
		} {
			var got string
			if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s: %s: got %s, want %s", kind, pragma, got, want)
			}
		}
	}
	if n := s.write.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("writer connections: got %d, want 1", n)
	}
	if _, err := s.read.Exec(`DELETE FROM jobs`); err == nil {
		t.Error("the reading pool can write")
	}
}

// TestImmediate checks that a write transaction holds the lock from its beginning, so that what it read stays true.
func TestImmediate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	other, err := sql.Open("sqlite", dsn(path, "immediate"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	err = s.inTx(t.Context(), func(*sql.Tx) error {
		if _, err := other.Begin(); err == nil {
			t.Error("a second writer began beside the first")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBlankToken(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		`{"token":"s","channel":"c"}`: `{"channel":"c","token":""}`,
		`{"channel":"c"}`:             `{"channel":"c"}`,
		`"s"`:                         `{}`,
		`null`:                        `{}`,
		``:                            `{}`,
	} {
		if got := blankToken(given); got != want {
			t.Errorf("blankToken(%s): got %s, want %s", given, got, want)
		}
	}
}
