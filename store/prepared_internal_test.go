package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modernc.org/sqlite"
)

// sqlCounts is what databases were asked for.
type sqlCounts struct{ prepared, run, transactions atomic.Int64 }

// counts returns all of them.
func (n *sqlCounts) counts() map[string]int64 {
	return map[string]int64{"prepared": n.prepared.Load(), "run": n.run.Load(), "transactions": n.transactions.Load()}
}

// countingConnector opens connections that count.
type countingConnector struct {
	driver.Connector
	n *sqlCounts
}

func (c countingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &countingConn{conn.(fullConn), c.n}, nil
}

type countingConn struct {
	fullConn
	n *sqlCounts
}

func (c *countingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	c.n.transactions.Add(1)
	return c.fullConn.BeginTx(ctx, o)
}

func (c *countingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.n.prepared.Add(1)
	c.n.run.Add(1)
	return c.fullConn.ExecContext(ctx, text, args)
}

func (c *countingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.n.prepared.Add(1)
	c.n.run.Add(1)
	return c.fullConn.QueryContext(ctx, text, args)
}

func (c *countingConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	c.n.prepared.Add(1)
	s, err := c.fullConn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return &countingStmt{s.(fullStmt), c.n}, nil
}

type countingStmt struct {
	fullStmt
	n *sqlCounts
}

func (s *countingStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.n.run.Add(1)
	return s.fullStmt.ExecContext(ctx, args)
}

func (s *countingStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.n.run.Add(1)
	return s.fullStmt.QueryContext(ctx, args)
}

// countingSQLite opens a store whose statements are counted. wrap is what makes connections of those that count.
func countingSQLite(t testing.TB, wrap func(driver.Connector) driver.Connector) (*Store, *sqlCounts) {
	t.Helper()
	n, path := &sqlCounts{}, filepath.Join(t.TempDir(), "a.db")
	open := func(lock string) driver.Connector {
		c, err := sqlite.NewConnector(dsn(path, lock, pragmas...))
		if err != nil {
			t.Fatal(err)
		}
		return wrap(countingConnector{c, n})
	}
	s := &Store{
		dialect: sqliteDialect(), write: newWriter(open("immediate")), read: newReader(open("deferred")), path: path,
		now: time.Now, inboxBytes: maxInboxBytes,
	}
	t.Cleanup(func() { s.Close() })
	if err := s.migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, n
}

func preparing(c driver.Connector) driver.Connector { return preparingConnector{c} }
func plain(c driver.Connector) driver.Connector     { return c }

// imagine takes a job from the interaction to its posted images through all calls of the bot.
func imagine(ctx context.Context, s *Store, id string) error {
	if _, _, err := s.PolicyAndWeights(ctx, "g"); err != nil {
		return err
	}
	j := Job{
		ID: id, Server: "g", Channel: "c", User: "u" + id, Verb: "imagine", Lane: "1:x", Cost: 1, Pictures: 4,
		Spec: json.RawMessage(`{"v":1}`), Address: json.RawMessage(`{"token":"x"}`),
	}
	if err := s.Accept(ctx, []Job{j}, func(Policy, Usage) error { return nil }); err != nil {
		return err
	}
	for _, step := range []func() (bool, error){
		func() (bool, error) { return s.Acknowledge(ctx, id, "m") },
		func() (bool, error) { _, err := s.CurrentEpoch(ctx, "p"); return true, err },
		func() (bool, error) { return s.MarkEnqueued(ctx, id, 1) },
		func() (bool, error) { again, err := s.MarkRequeued(ctx, id); return !again, err },
		func() (bool, error) { _, err := s.InboxOf(ctx, j.User, time.Now()); return true, err },
		func() (bool, error) { return s.MarkLeased(ctx, id) },
		func() (bool, error) { _, err := s.Find(ctx, id); return true, err },
		func() (bool, error) { return s.Finish(ctx, id, "m", json.RawMessage(`{"images":4}`)) },
	} {
		if done, err := step(); err != nil || !done {
			return fmt.Errorf("a step of job %s: %v, %w", id, done, err)
		}
	}
	return nil
}

// TestImagineCosts holds what one /imagine costs a database, from the interaction to the posted images.
func TestImagineCosts(t *testing.T) {
	t.Parallel()
	s, n := countingSQLite(t, preparing)
	countImagine(t, s, n, map[string]int64{"prepared": 0, "run": 16, "transactions": 2})
}

// countImagine checks what each of three jobs costs once the statements are known.
func countImagine(t *testing.T, s *Store, n *sqlCounts, want map[string]int64) {
	noError(t, imagine(t.Context(), s, "1-0"))
	before := n.counts()
	for i := range 3 {
		noError(t, imagine(t.Context(), s, fmt.Sprintf("%d-0", i+2)))
	}
	after := n.counts()
	for what, want := range want {
		if got := (after[what] - before[what]); got != 3*want {
			t.Errorf("%s for three jobs: got %d, want three times %d", what, got, want)
		}
	}
}

// TestRequeuedWritesNothing checks that an event about a job that does not run waits for no writer.
func TestRequeuedWritesNothing(t *testing.T) {
	t.Parallel()
	s, _ := countingSQLite(t, preparing)
	noError(t, imagine(t.Context(), s, "1-0"))
	noError(t, s.inTx(t.Context(), func(*sql.Tx) error { // holds the only connection that writes
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if done, err := s.MarkRequeued(ctx, "1-0"); done || err != nil {
			t.Errorf("beside a writer: got %v, %v, want false, nil", done, err)
		}
		return nil
	}))
}

// TestPreparedStatements checks a kept statement where it could go wrong.
func TestPreparedStatements(t *testing.T) {
	t.Parallel()
	const text = `SELECT $1 UNION ALL SELECT $1 + 1`
	t.Run("its rows are read while it is run again", func(t *testing.T) {
		t.Parallel()
		s, _ := countingSQLite(t, preparing)
		noError(t, s.inTx(t.Context(), func(tx *sql.Tx) error {
			var got []int
			for range 2 { // the second time it is kept from the start
				rows, err := tx.QueryContext(t.Context(), text, len(got))
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					var outer, inner int
					if err := rows.Scan(&outer); err != nil {
						return err
					}
					if err := tx.QueryRowContext(t.Context(), text, 10*outer).Scan(&inner); err != nil {
						return err
					}
					got = append(got, outer, inner)
				}
				if err := rows.Err(); err != nil {
					return err
				}
			}
			same(t, "rows", got, []int{0, 0, 1, 10, 4, 40, 5, 50})
			return nil
		}))
	})
	t.Run("an error leaves it usable", func(t *testing.T) {
		t.Parallel()
		s, n := countingSQLite(t, preparing)
		put := func(name any) error {
			_, err := s.write.ExecContext(t.Context(), `INSERT INTO meta (name, value) VALUES ($1, 'x')`, name)
			return err
		}
		noError(t, put("a"))
		before := n.prepared.Load()
		if err := put("a"); !s.dialect.isDuplicate(err) {
			t.Errorf("twice: got %v, want a duplicate", err)
		}
		noError(t, put("b"))
		same(t, "prepared again", n.prepared.Load(), before)
	})
	t.Run("a broken one reports the driver's error", func(t *testing.T) {
		t.Parallel()
		s, _ := countingSQLite(t, preparing)
		o, _ := countingSQLite(t, plain)
		_, got := s.write.ExecContext(t.Context(), `UPDATE nothing SET x = 1`)
		_, want := o.write.ExecContext(t.Context(), `UPDATE nothing SET x = 1`)
		same(t, "error", fmt.Sprint(got), fmt.Sprint(want))
	})
	t.Run("another program changes the table", func(t *testing.T) {
		t.Parallel()
		s, _ := countingSQLite(t, preparing)
		noError(t, s.SetMeta(t.Context(), "a", "x"))
		other, err := sql.Open("sqlite", dsn(s.path, "immediate"))
		noError(t, err)
		defer other.Close()
		_, err = other.ExecContext(t.Context(), `ALTER TABLE meta ADD COLUMN more TEXT`)
		noError(t, err)
		noError(t, s.SetMeta(t.Context(), "a", "y"))
		got, err := s.Meta(t.Context(), "a")
		same(t, "value", []any{got, err}, []any{"y", error(nil)})
	})
	t.Run("many goroutines use it", func(t *testing.T) {
		t.Parallel()
		s, _ := countingSQLite(t, preparing)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				if err := imagine(t.Context(), s, fmt.Sprintf("%d-0", i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		same(t, "connections", s.write.Stats().OpenConnections, 1)
	})
}

// TestKeepable lists what is kept and what is not.
func TestKeepable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"SELECT 1": true, "SELECT\n\t1": true, "\n\tupdate x SET y = 1": true, "WITH a AS (SELECT 1) SELECT * FROM a": true,
		"PRAGMA foreign_keys = 0": false, "CREATE TABLE x (y)": false, "DELETE FROM x; DELETE FROM y": false, "": false,
	} {
		if got := keepable(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// BenchmarkImagineStatements compares statements that are prepared anew with those that are kept, job by job in turns.
// The disk's flushes are the same in both.
func BenchmarkImagineStatements(b *testing.B) {
	anew, _ := countingSQLite(b, plain)
	kept, _ := countingSQLite(b, preparing)
	var spent [2]time.Duration
	for n := 0; b.Loop(); n++ {
		for i, s := range []*Store{anew, kept} {
			began := time.Now()
			if err := imagine(b.Context(), s, fmt.Sprintf("%d-0", n)); err != nil {
				b.Fatal(err)
			}
			spent[i] += time.Since(began)
		}
	}
	b.ReportMetric(spent[0].Seconds()*1000/float64(b.N), "ms-anew/job")
	b.ReportMetric(spent[1].Seconds()*1000/float64(b.N), "ms-kept/job")
	b.ReportMetric(spent[0].Seconds()/spent[1].Seconds(), "times-faster")
}
