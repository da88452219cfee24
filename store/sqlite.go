package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// Everything that is specific to SQLite is in this file and in migrations/sqlite.

// maxReaders is how many queries may run at the same time beside the writer.
const maxReaders = 4

// pragmas are the settings of every connection. They are part of the address, because a PRAGMA statement would reach
// only the one connection of the pool that runs it.
//
//   - WAL: readers never wait for the writer.
//   - FULL: an accepted job survives a loss of power, not only of the process.
//   - busy_timeout, in milliseconds: shorter than the 1.5 s in which a request must be accepted. Only another program
//     (a shell, a backup) makes a write wait, because all writes of this program share one connection.
var pragmas = []string{"busy_timeout(1000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}

// sqliteDialect needs no locks: all writes take turns on one connection, whose transactions lock the whole file.
func sqliteDialect() dialect {
	none := func(context.Context, *sql.Tx, string) error { return nil }
	return dialect{
		name: goose.DialectSQLite3, folder: "migrations/sqlite",
		isDuplicate:   func(err error) bool { return sqliteCode(err) == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY },
		isOrphan:      func(err error) bool { return sqliteCode(err) == sqlitelib.SQLITE_CONSTRAINT_FOREIGNKEY },
		isRetryable:   func(error) bool { return false },
		lockExclusive: none, lockShared: none,
	}
}

func openSQLite(path string) (write, read *sql.DB, err error) {
	if err := createPrivate(path); err != nil {
		return nil, nil, fmt.Errorf("create database: %w", err)
	}
	if write, err = openWriter(path); err != nil {
		return nil, nil, err
	}
	if read, err = openReader(path); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	return write, read, nil
}

func sqlitePath(address string) (string, error) {
	scheme, path, found := strings.Cut(address, ":")
	if !found {
		path = address
	} else if scheme != "sqlite" {
		return "", fmt.Errorf("database address begins with %q: want sqlite:PATH or postgres://…", scheme+":")
	}
	path = strings.TrimPrefix(path, "//")
	if path == "" {
		return "", errors.New("database address names no file: want sqlite:PATH")
	}
	return path, nil
}

// createPrivate creates an empty file that only its owner can read. SQLite gives the files beside it the same mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func openWriter(path string) (*sql.DB, error) {
	// immediate: BEGIN takes the write lock. A transaction that reads first and locks later can find that its
	// snapshot is out of date, and waiting does not help then.
	c, err := sqlite.NewConnector(dsn(path, "immediate", pragmas...))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return newWriter(preparingConnector{c}), nil
}

func openReader(path string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn(path, "deferred", append([]string{"query_only(1)"}, pragmas...)...))
	if err != nil {
		return nil, fmt.Errorf("open database for reading: %w", err)
	}
	return newReader(preparingConnector{c}), nil
}

func newWriter(c driver.Connector) *sql.DB {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	return db
}

// newReader keeps idle connections open: a new one has nothing prepared.
func newReader(c driver.Connector) *sql.DB {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(maxReaders)
	db.SetMaxIdleConns(maxReaders)
	return db
}

func dsn(path, lock string, pragmas ...string) string {
	q := url.Values{"_txlock": {lock}, "_pragma": pragmas}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}
