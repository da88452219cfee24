package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// dialect is all in which databases differ. Queries do not: each is one text that both understand (see the package's
// documentation), and one suite of tests runs all of them on both.
type dialect struct {
	name   goose.Dialect
	folder string // of the migrations
	shared bool   // several processes may use it
	// guard, where it is not nil, keeps programs that start at once from migrating at once.
	migrationLocker lock.SessionLocker

	isDuplicate func(error) bool // a primary key is taken
	isOrphan    func(error) bool // a row refers to one that does not exist
	isRetryable func(error) bool // the transaction lost against another one and may simply be run again

	// alone waits until no other transaction holds the lock of this name, and holds it until this one ends. Where all
	// writes take turns anyway it has nothing to do. together lets in others that asked for it together, too.
	lockExclusive func(ctx context.Context, tx *sql.Tx, name string) error
	lockShared    func(ctx context.Context, tx *sql.Tx, name string) error
}

// connect opens the database at an address: the writing pool, and one that cannot write.
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

// valid makes a text of strangers or of an error fit for a database: PostgreSQL takes neither broken UTF-8 nor NUL.
func cleanText(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
}

// lockName names a lock by what it guards.
func lockName(kind string, parts ...string) string { return fmt.Sprintf("%s %q", kind, parts) }
