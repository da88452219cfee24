package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

// Errors that a caller may ask for.
var (
	// ErrNotFound: there is no such job, input picture or message.
	ErrNotFound = errors.New("not found")
	// ErrDuplicate: a job with this id was accepted before; gateways repeat their events.
	ErrDuplicate = errors.New("this job was accepted before")
	// ErrInputGone: a job names an input picture whose bytes are not here, or not any more.
	ErrInputGone = errors.New("the input picture is gone")
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// Options of a Store. The zero value is usable.
type Options struct {
	Now func() time.Time // the clock; time.Now when nil
}

// Store is an open database. It may be used by many goroutines, and with PostgreSQL by many processes.
type Store struct {
	write   *sql.DB // with SQLite one connection, so that writes take turns
	read    *sql.DB // a pool that cannot write
	dialect dialect
	now     func() time.Time
}

// Open opens the database at an address and brings its tables up to date. "sqlite:PATH" or a plain path is a file, created
// if there is none, readable by its owner alone; "postgres://USER:PASSWORD@HOST:PORT/DATABASE" is a PostgreSQL server's.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	s := &Store{now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if s.dialect, s.write, s.read, err = connect(ctx, address); err != nil {
		return nil, err
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

// Shared tells whether other processes may work on the same database. An SQLite file belongs to one.
func (s *Store) Shared() bool { return s.dialect.shared }

func (s *Store) migrate(ctx context.Context) error {
	p, err := s.migrations()
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if err := refuseNewerSchema(ctx, p); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

func (s *Store) migrations() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, s.dialect.folder)
	if err != nil {
		return nil, err
	}
	var options []goose.ProviderOption
	if s.dialect.migrationLocker != nil {
		options = append(options, goose.WithSessionLocker(s.dialect.migrationLocker))
	}
	return goose.NewProvider(s.dialect.name, s.write, files, options...)
}

// refuseNewerSchema keeps an old program away from a database whose tables a newer one has changed.
func refuseNewerSchema(ctx context.Context, p *goose.Provider) error {
	has, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read database version: %w", err)
	}
	known := p.ListSources()
	if newest := known[len(known)-1].Version; has > newest {
		return fmt.Errorf("the database has version %d and this program knows %d: use a newer darkroom", has, newest)
	}
	return nil
}

// tries is how often a transaction is begun that loses against another one.
const maxTries = 5

// inTx runs f in one write transaction and commits it when f returns nil. f's error comes back untouched. A transaction
// that lost against another one is run again from the start, so f sets what it returns and does not add to it.
func (s *Store) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	for n := 1; ; n++ {
		err := s.tryTx(ctx, f)
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

func millis(t time.Time) int64     { return t.UnixMilli() }
func fromMillis(n int64) time.Time { return time.UnixMilli(n).UTC() }
