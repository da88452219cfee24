package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Everything that is specific to PostgreSQL is in this file and in migrations/postgres.

// maxConnections is how many connections each of the two pools may open. A server allows 100 by default, for all
// clients.
const maxConnections = 8

// The error codes that this package tells apart. Source: PostgreSQL manual, appendix A.
const (
	pgUnique        = "23505"
	pgForeignKey    = "23503"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"

	pgConnectionException   = "08" // the connection broke or was refused
	pgInsufficientResources = "53" // too many connections, no memory, no disk
	pgOperatorIntervention  = "57" // a server that stops or starts sends these
	pgQueryCanceled         = "57014"
)

// connectionSettings are the settings of every connection.
//
//   - synchronous_commit: an accepted job survives a loss of power, whatever the server's own default is.
//   - idle_in_transaction_session_timeout, in milliseconds: the server ends the transaction of a bot that froze, so
//     that the other bots get its locks.
func connectionSettings() map[string]string {
	return map[string]string{
		"synchronous_commit": "on", "idle_in_transaction_session_timeout": "10000", "application_name": "darkroom",
	}
}

func postgresDialect() dialect {
	lockWith := func(function string) func(context.Context, *sql.Tx, string) error {
		return func(ctx context.Context, tx *sql.Tx, name string) error {
			if _, err := tx.ExecContext(ctx, `SELECT `+function+`(hashtextextended($1, 0))`, name); err != nil {
				return fmt.Errorf("lock %s: %w", name, err)
			}
			return nil
		}
	}
	return dialect{
		name: goose.DialectPostgres, folder: "migrations/postgres", shared: true, migrationLocker: migrationLock{},
		isDuplicate:   func(err error) bool { return pgCode(err) == pgUnique },
		isOrphan:      func(err error) bool { return pgCode(err) == pgForeignKey },
		isRetryable:   func(err error) bool { return pgCode(err) == pgDeadlock || pgCode(err) == pgSerialization },
		lockExclusive: lockWith("pg_advisory_xact_lock"), lockShared: lockWith("pg_advisory_xact_lock_shared"),
	}
}

func openPostgres(ctx context.Context, address string) (write, read *sql.DB, err error) {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		// Not err itself, because it may quote the password.
		return nil, nil, errors.New("read database address: want postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
	maps.Copy(c.RuntimeParams, connectionSettings())
	readOnly := c.Copy()
	readOnly.RuntimeParams["default_transaction_read_only"] = "on"
	// Each use of a connection begins with a ping. That costs one round trip, and avoids errors after a server restart.
	ping := stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return true })
	write, read = stdlib.OpenDB(*c, ping), stdlib.OpenDB(*readOnly, ping)
	for _, db := range []*sql.DB{write, read} {
		db.SetMaxOpenConns(maxConnections)
		db.SetMaxIdleConns(maxConnections)
	}
	if err := write.PingContext(ctx); err != nil {
		err = fmt.Errorf("open database: %w", explainPooler(err))
		return nil, nil, errors.Join(err, write.Close(), read.Close())
	}
	return write, read, nil
}

// PostgresVersion returns the version of the PostgreSQL server at an address. It changes nothing there.
func PostgresVersion(ctx context.Context, address string) (version string, err error) {
	write, read, err := openPostgres(ctx, address)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, write.Close(), read.Close()) }()
	if err := read.QueryRowContext(ctx, `SHOW server_version`).Scan(&version); err != nil {
		return "", fmt.Errorf("read server version: %w", err)
	}
	return version, nil
}

// migrationLock makes programs that start at the same time migrate one after the other. It is not goose's own lock,
// because that one polls every few seconds instead of waiting.
type migrationLock struct{}

// SessionLock waits for the lock.
func (migrationLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, lock.DefaultLockID)
	return err
}

// SessionUnlock releases the lock.
func (migrationLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1)`, lock.DefaultLockID)
	return err
}

func pgCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// poolerRefusals are how PgBouncer's refusals begin that no waiting helps. It gives most of its errors the code 08P01,
// also those that pass. Source: src/client.c of PgBouncer 1.18.
var poolerRefusals = []string{
	unsupportedParameter, "no such database", "no such user", "password authentication failed",
	"SASL authentication failed", "login rejected", "bouncer config error",
}

const unsupportedParameter = "unsupported startup parameter"

// explainPooler says what to do about a pooler between darkroom and the server that refuses the settings of a
// connection. In its modes other than session, locks and settings would reach the connections of others.
func explainPooler(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(e.Message, unsupportedParameter) {
		return fmt.Errorf("PgBouncer does not pass on the settings that darkroom needs: "+
			"let DATABASE_URL name the PostgreSQL server itself (at most %d connections): %w", 2*maxConnections, e)
	}
	return err
}

// Unreachable reports whether an error means that the PostgreSQL server cannot be reached, is stopping or is starting,
// so that the same call may work soon. A wrong password and an unknown database do not count, and no full disk: see
// Full.
func Unreachable(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && slices.ContainsFunc(poolerRefusals, func(refusal string) bool {
		return strings.HasPrefix(e.Message, refusal)
	}) {
		return false
	}
	if code := pgCode(err); code != "" {
		if code == pgDiskFull {
			return false
		}
		return strings.HasPrefix(code, pgConnectionException) || strings.HasPrefix(code, pgInsufficientResources) ||
			strings.HasPrefix(code, pgOperatorIntervention) && code != pgQueryCanceled
	}
	var refused *pgconn.ConnectError
	return errors.As(err, &refused) || errors.Is(err, driver.ErrBadConn)
}
