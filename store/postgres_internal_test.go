//go:build unix

package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"darkroom/store/postgrestest"
)

func TestPostgresInternals(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	for name, f := range map[string]func(*testing.T, *Store){
		"every connection has its settings":      checkConnectionSettings,
		"a deadlock is run again":                retryDeadlock,
		"a frozen transaction loses its locks":   releaseFrozenTransaction,
		"migrations go down and up again":        downAndUp,
		"plain names keep every row":             onEmpty(server, keepRows),
		"a newer version is found after Up":      onEmpty(server, refuseAfterUp),
		"a full inbox loses its oldest pictures": dropOldestPictures,
		"a NUL and broken text are accepted":     acceptAnyText,
		"both databases have the same tables":    sameTables,
		"the server's version is reported":       reportVersion(server.Database(t)),
		"one imagine":                            countPostgres(server.Database(t)),
	} {
		address := server.Database(t)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Open(t.Context(), address, Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			f(t, s)
		})
	}
}

// onEmpty runs f on a database that was not migrated.
func onEmpty(server *postgrestest.Server, f func(*testing.T, *Store)) func(*testing.T, *Store) {
	return func(t *testing.T, _ *Store) { f(t, connectOnly(t, server.Database(t))) }
}

func checkConnectionSettings(t *testing.T, s *Store) {
	for kind, db := range map[string]*sql.DB{"writer": s.write, "reader": s.read} {
		for name, want := range map[string]string{
			"synchronous_commit": "on", "idle_in_transaction_session_timeout": "10s",
			"default_transaction_read_only": map[string]string{"writer": "off", "reader": "on"}[kind],
		} {
			var got string
			if err := db.QueryRowContext(t.Context(), "SHOW "+name).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s: %s: got %s, want %s", kind, name, got, want)
			}
		}
	}
	if _, err := s.read.Exec(`DELETE FROM jobs`); err == nil {
		t.Error("the reading pool can write")
	}
}

// retryDeadlock checks that two transactions that take the same two locks in opposite order both succeed.
func retryDeadlock(t *testing.T, s *Store) {
	runs := make(chan int, 100)
	var wg, bothLocked sync.WaitGroup
	bothLocked.Add(2)
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		wg.Go(func() {
			first := true
			err := s.inTx(t.Context(), func(tx *sql.Tx) error {
				runs <- 1
				if err := s.dialect.lockExclusive(t.Context(), tx, order[0]); err != nil {
					return err
				}
				if first {
					first = false
					bothLocked.Done()
					bothLocked.Wait()
				}
				return s.dialect.lockExclusive(t.Context(), tx, order[1])
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(runs) != 3 {
		t.Errorf("runs: got %d, want 3: two, and the loser once more", len(runs))
	}
}

// releaseFrozenTransaction shortens the timeout of the server, and holds a lock in a transaction that does nothing.
func releaseFrozenTransaction(t *testing.T, s *Store) {
	frozen, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Rollback()
	if _, err := frozen.ExecContext(t.Context(), `SET idle_in_transaction_session_timeout = 50`); err != nil {
		t.Fatal(err)
	}
	if err := s.dialect.lockExclusive(t.Context(), frozen, "x"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := s.inTx(ctx, func(tx *sql.Tx) error { return s.dialect.lockExclusive(ctx, tx, "x") }); err != nil {
		t.Errorf("the lock of a frozen transaction: got %v, want it free", err)
	}
}

func acceptAnyText(t *testing.T, s *Store) {
	j := Job{ID: "1-0", Server: "g", User: "u", Pictures: 1, Spec: []byte(`{}`), Address: []byte(`{}`)}
	if err := s.Accept(t.Context(), []Job{j}, func(Policy, Usage) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fail(t.Context(), "1-0", "a\x00b\xffc"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Find(t.Context(), "1-0")
	if err != nil || got.Reason != "ab\uFFFDc" {
		t.Errorf("reason: got %q, %v, want it without NUL and broken bytes", got.Reason, err)
	}
	if err := s.SetPolicy(t.Context(), "g", Policy{PauseReason: "\x00"}, "mod"); err != nil {
		t.Error(err)
	}
}

// sameTables compares the names of all tables and columns with those that SQLite has.
func sameTables(t *testing.T, s *Store) {
	lite, err := Open(t.Context(), t.TempDir()+"/a.db", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer lite.Close()
	if lite.Shared() || !s.Shared() {
		t.Errorf("shared: got %v for SQLite and %v for PostgreSQL, want false and true", lite.Shared(), s.Shared())
	}
	got := columnsOf(t, s, `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`)
	want := columnsOf(t, lite, `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`)
	for name := range want {
		if !got[name] {
			t.Errorf("%s is only in SQLite", name)
		}
	}
	for name := range got {
		if !want[name] {
			t.Errorf("%s is only in PostgreSQL", name)
		}
	}
}

func columnsOf(t *testing.T, s *Store, text string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := s.query(t.Context(), func(r *sql.Rows) error {
		var table, column string
		err := r.Scan(&table, &column)
		all[fmt.Sprintf("%s.%s", table, column)] = true
		return err
	}, text)
	if err != nil || len(all) < 20 {
		t.Fatalf("columns: got %d, %v", len(all), err)
	}
	return all
}

func reportVersion(address string) func(*testing.T, *Store) {
	return func(t *testing.T, _ *Store) {
		if version, err := PostgresVersion(t.Context(), address); err != nil || version == "" {
			t.Errorf("got %q, %v, want the server's version", version, err)
		}
	}
}

// countPostgres checks what one imagine costs on a migrated database.
func countPostgres(address string) func(*testing.T, *Store) {
	return func(t *testing.T, _ *Store) {
		s := connectOnly(t, address)
		noError(t, s.migrate(t.Context()))
		c, err := pgx.ParseConfig(address)
		noError(t, err)
		n := &sqlCounts{}
		c.Tracer = pgCounts{n}
		noError(t, s.Close())
		s.write, s.read = stdlib.OpenDB(*c), stdlib.OpenDB(*c)
		countImagine(t, s, n, map[string]int64{"prepared": 0, "run": 17, "transactions": 2})
	}
}

// pgCounts counts what a PostgreSQL server is asked for.
type pgCounts struct{ *sqlCounts }

func (n pgCounts) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	switch strings.ToLower(strings.Fields(d.SQL + " .")[0]) {
	case "begin":
		n.transactions.Add(1)
	case "commit", "rollback", "--": // the last one is a ping
	default:
		n.run.Add(1)
	}
	return ctx
}

func (pgCounts) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (n pgCounts) TracePrepareStart(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	return ctx
}

func (n pgCounts) TracePrepareEnd(_ context.Context, _ *pgx.Conn, d pgx.TracePrepareEndData) {
	if !d.AlreadyPrepared {
		n.prepared.Add(1)
	}
}
