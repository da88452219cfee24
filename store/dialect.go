package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// dialect holds everything in which the databases differ. Queries do not differ: each is one text for both (see the
// package documentation), and one set of tests runs all of them on both.
type dialect struct {
	name   goose.Dialect
	folder string // of the migrations
	shared bool   // several processes may use the database
	// migrationLocker, if not nil, prevents two programs from migrating at the same time.
	migrationLocker lock.SessionLocker

	isDuplicate func(error) bool // the primary key exists already
	isOrphan    func(error) bool // the row refers to one that does not exist
	isRetryable func(error) bool // the transaction lost against another one and can be run again

	// lockExclusive waits until no other transaction holds the lock of this name, and holds it until this transaction
	// ends. lockShared admits other transactions that also ask for the lock shared. Both do nothing where all writes
	// take turns anyway.
	lockExclusive func(ctx context.Context, tx *sql.Tx, name string) error
	lockShared    func(ctx context.Context, tx *sql.Tx, name string) error
}

// connect opens the database at an address: a pool that writes, and one that cannot write.
func connect(ctx context.Context, address string) (d dialect, write, read *sql.DB, err error) {
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		write, read, err = openPostgres(ctx, address)
		return postgresDialect(), write, read, err
	}
	path, err := sqlitePath(address)
	if err != nil {
		return dialect{}, nil, nil, err
	}
	write, read, err = openSQLite(path)
	return sqliteDialect(), write, read, err
}

// cleanText makes a text of a user or of an error fit for a database: PostgreSQL accepts neither broken UTF-8 nor NUL.
func cleanText(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
}

// lockName names a lock after what it protects.
func lockName(kind string, parts ...string) string { return fmt.Sprintf("%s %q", kind, parts) }
