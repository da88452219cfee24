package store_test

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"darkroom/store"
)

func TestUnreachable(t *testing.T) {
	t.Parallel()
	_, err := store.Open(t.Context(), "postgres://tester@/d?host="+url.QueryEscape(t.TempDir()), store.Options{})
	if !store.Unreachable(err) {
		t.Errorf("no server listens: got %v, want it unreachable", err)
	}
	for _, c := range []struct {
		err  error
		want bool
	}{
		{driver.ErrBadConn, true},
		{&pgconn.PgError{Code: "57P03"}, true},  // the server starts
		{&pgconn.PgError{Code: "57P01"}, true},  // the server stops
		{&pgconn.PgError{Code: "53300"}, true},  // too many connections
		{&pgconn.PgError{Code: "57014"}, false}, // the query was cancelled
		{&pgconn.PgError{Code: "28P01"}, false}, // the password is wrong
		{&pgconn.PgError{Code: "3D000"}, false}, // there is no such database
		{&pgconn.PgError{Code: "08P01", Message: "pgbouncer cannot connect to server"}, true},
		{&pgconn.PgError{Code: "08P01", Message: "unsupported startup parameter: synchronous_commit"}, false},
		{&pgconn.PgError{Code: "08P01", Message: "no such database: d"}, false},
		{&pgconn.PgError{Code: "08P01", Message: "password authentication failed"}, false},
		{store.ErrNotFound, false},
		{errors.New("disk full"), false},
		{nil, false},
	} {
		if got := store.Unreachable(fmt.Errorf("open: %w", c.err)); got != c.want {
			t.Errorf("%v: got unreachable %v, want %v", c.err, got, c.want)
		}
	}
}
