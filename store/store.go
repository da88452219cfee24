package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Errors that a caller can test for.
var (
	// ErrNotFound means that there is no such job, input image, preset or question.
	ErrNotFound = errors.New("not found")
	// ErrDuplicate means that a job with this id was accepted before: Discord's gateway repeats events.
	ErrDuplicate = errors.New("this job was accepted before")
	// ErrInputGone means that a job names an input image whose bytes are not stored, or not any more.
	ErrInputGone = errors.New("the input picture is gone")
)

// Options of a Store. The zero value is usable.
type Options struct {
	Now func() time.Time // the clock; time.Now when nil
}

// Store is an open database. It is safe for many goroutines, and with PostgreSQL for many processes.
type Store struct {
	write   *sql.DB // with SQLite one connection, so that writes take turns
	read    *sql.DB // a pool that cannot write
	dialect dialect
	path    string // of the SQLite file; empty with PostgreSQL
	now     func() time.Time

	inboxBytes int64 // how many bytes of images all inboxes hold together
}

// Open opens the database at an address and brings its tables up to date. "sqlite:PATH" or a plain path is a file. Open
// creates it if there is none, readable by its owner alone. "postgres://USER:PASSWORD@HOST:PORT/DATABASE" is a database
// of a PostgreSQL server. Open refuses a database that a newer program has migrated.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	s := &Store{now: o.Now, inboxBytes: maxInboxBytes}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if s.dialect, s.write, s.read, err = connect(ctx, address); err != nil {
		return nil, err
	}
	if !IsPostgres(address) {
		s.path, _ = sqlitePath(address) // connect has checked it
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close ends all connections. Calls after it fail.
func (s *Store) Close() error {
	if err := errors.Join(s.read.Close(), s.write.Close()); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// Shared reports whether other processes may work on the same database. An SQLite file belongs to one process.
func (s *Store) Shared() bool { return s.dialect.shared }

// maxTries is how often a transaction is run that loses against another one.
const maxTries = 5

// inTx runs f in one write transaction and commits it if f returns nil. It returns f's error unchanged. It runs a
// transaction that lost against another one again from the start, so f sets its results and does not add to them.
func (s *Store) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	return s.untilItWins(func() error { return s.tryTx(ctx, f) })
}

// untilItWins runs a transaction again that lost against another one, up to maxTries times in all.
func (s *Store) untilItWins(try func() error) error {
	for n := 1; ; n++ {
		err := try()
		if err == nil || n == maxTries || !s.dialect.isRetryable(err) {
			return err
		}
	}
}

func (s *Store) tryTx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(tx); err != nil {
		if back := tx.Rollback(); back != nil && !errors.Is(back, sql.ErrTxDone) {
			return errors.Join(err, fmt.Errorf("roll back: %w", back))
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// querier is what a read needs of *sql.DB and *sql.Tx.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// writer is what a write needs of *sql.DB and *sql.Tx.
type writer interface {
	querier
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// query runs f over each row of a read-only query.
func (s *Store) query(ctx context.Context, f func(*sql.Rows) error, text string, args ...any) error {
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// queryTexts returns the only column of a read-only query.
func (s *Store) queryTexts(ctx context.Context, text string, args ...any) ([]string, error) {
	var all []string
	err := s.query(ctx, func(r *sql.Rows) error {
		var value string
		err := r.Scan(&value)
		all = append(all, value)
		return err
	}, text, args...)
	return all, err
}

func millis(t time.Time) int64     { return t.UnixMilli() }
func fromMillis(n int64) time.Time { return time.UnixMilli(n).UTC() }
