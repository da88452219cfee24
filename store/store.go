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

//go:embed migrations/*.sql
var migrations embed.FS

// Options of a Store. The zero value is usable.
type Options struct {
	Now func() time.Time // the clock; time.Now when nil
}

// Store is an open database. It may be used by many goroutines; writes go through one connection, in turn.
type Store struct {
	write *sql.DB // one connection
	read  *sql.DB // a pool that cannot write
	now   func() time.Time
}

// Open opens the database at url, "sqlite:PATH" or a plain path, creates it if there is none (readable by its owner
// alone) and brings its tables up to date.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	path, err := sqlitePath(url)
	if err != nil {
		return nil, err
	}
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("create database: %w", err)
	}
	s := &Store{now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	if s.write, err = openWriter(path); err != nil {
		return nil, err
	}
	if s.read, err = openReader(path); err != nil {
		return nil, errors.Join(err, s.write.Close())
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

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	p, err := goose.NewProvider(gooseDialect, s.write, files)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if err := refuseNewer(ctx, p); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

// refuseNewer keeps an old program away from a database whose tables a newer one has changed.
func refuseNewer(ctx context.Context, p *goose.Provider) error {
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

// inTx runs f in one write transaction and commits it when f returns nil. f's error comes back untouched.
func (s *Store) inTx(ctx context.Context, f func(*sql.Tx) error) error {
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
