package store

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// All that is SQLite's own is in this file and in migrations/: the rest is SQL that other databases read too.

const gooseDialect = goose.DialectSQLite3

// readers is how many queries may run at once beside the writer.
const readers = 4

// Settings of every connection. They stand in the address, because a PRAGMA statement would reach only the one
// connection of the pool that happened to run it.
//
//   - WAL: readers never wait for the writer.
//   - FULL: an accepted job survives a loss of power, not only of the process.
//   - busy_timeout, in milliseconds: shorter than the 1.5 s in which a request must be accepted; only another program
//     (a shell, a backup) can make us wait, our own writes share one connection.
var pragmas = []string{"busy_timeout(1000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}

func sqlitePath(address string) (string, error) {
	scheme, path, found := strings.Cut(address, ":")
	if !found {
		path = address
	} else if scheme != "sqlite" {
		return "", fmt.Errorf("database address begins with %q: want sqlite:PATH", scheme+":")
	}
	path = strings.TrimPrefix(path, "//")
	if path == "" {
		return "", errors.New("database address names no file: want sqlite:PATH")
	}
	return path, nil
}

// createPrivate makes an empty file that only its owner can read; SQLite gives the files beside it the same mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func openWriter(path string) (*sql.DB, error) {
	// immediate: the write lock is taken at BEGIN. A transaction that reads first and locks later can find its
	// snapshot overtaken, and no amount of waiting helps then.
	db, err := sql.Open("sqlite", dsn(path, "immediate", pragmas...))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func openReader(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, "deferred", append([]string{"query_only(1)"}, pragmas...)...))
	if err != nil {
		return nil, fmt.Errorf("open database for reading: %w", err)
	}
	db.SetMaxOpenConns(readers)
	return db, nil
}

func dsn(path, lock string, pragmas ...string) string {
	q := url.Values{"_txlock": {lock}, "_pragma": pragmas}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// duplicate tells whether err says that a primary key is taken.
func duplicate(err error) bool { return sqliteCode(err) == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY }

// orphan tells whether err says that a row refers to one that does not exist.
func orphan(err error) bool { return sqliteCode(err) == sqlitelib.SQLITE_CONSTRAINT_FOREIGNKEY }

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}
