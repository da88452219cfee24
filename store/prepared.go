package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// maxPrepared is how many statements one connection keeps prepared. This package has about a hundred texts.
const maxPrepared = 200

// preparingConnector opens connections that prepare each statement once and keep it until they are closed. Preparing
// takes SQLite longer than running most of our statements. PostgreSQL needs no such thing: pgx keeps statements itself.
//
// It works below database/sql, which never uses a connection from two goroutines at a time, so nothing here is locked,
// and statements are kept in and outside of transactions alike.
type preparingConnector struct{ driver.Connector }

// Connect opens a connection.
func (c preparingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(fullConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%T lacks a method of a connection", conn), conn.Close())
	}
	return &preparingConn{fullConn: full, kept: map[string]*preparedStmt{}}, nil
}

// fullConn is everything that database/sql asks a connection of SQLite's driver for.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	statementRunner
	pooledConn
}

// statementRunner prepares and runs statements.
type statementRunner interface {
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

// pooledConn tells a pool whether it can be used again.
type pooledConn interface {
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparingConn is a connection that keeps its statements by their text.
type preparingConn struct {
	fullConn
	kept map[string]*preparedStmt
}

// preparedStmt is a statement that is kept.
type preparedStmt struct {
	fullStmt
	reading bool // its rows are still being read, so it cannot be run again
}

type fullStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// ExecContext runs a statement that returns no rows.
func (c *preparingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	p, err := c.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return c.fullConn.ExecContext(ctx, text, args)
	}
	return p.ExecContext(ctx, args)
}

// QueryContext runs a statement that returns rows.
func (c *preparingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	p, err := c.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return c.fullConn.QueryContext(ctx, text, args)
	}
	rows, err := p.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	p.reading = true
	return &preparedRows{rows, p}, nil
}

// prepared returns the kept statement of this text, which it prepares if it is new; nil if the statement must be
// prepared for this one run.
func (c *preparingConn) prepared(ctx context.Context, text string) (*preparedStmt, error) {
	if p := c.kept[text]; p != nil {
		if p.reading {
			return nil, nil //nolint:nilnil // explained above
		}
		return p, nil
	}
	if len(c.kept) == maxPrepared || !keepable(text) {
		return nil, nil //nolint:nilnil // explained above
	}
	stmt, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	full, ok := stmt.(fullStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%T lacks a method of a statement", stmt), stmt.Close())
	}
	c.kept[text] = &preparedStmt{fullStmt: full}
	return c.kept[text], nil
}

// keepable tells whether a text is one statement that reads or changes rows. Migrations run once, and SQLite carries
// out some PRAGMAs already while it prepares them.
func keepable(text string) bool {
	text = strings.TrimSpace(text)
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 || strings.Contains(text, ";") {
		return false
	}
	switch strings.ToUpper(text[:end]) {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		return true
	}
	return false
}

// Close closes all statements and the connection.
func (c *preparingConn) Close() error {
	var all []error
	for _, p := range c.kept {
		all = append(all, p.Close())
	}
	clear(c.kept)
	return errors.Join(append(all, c.fullConn.Close())...)
}

// preparedRows are the rows of a kept statement.
type preparedRows struct {
	driver.Rows
	of *preparedStmt
}

// Close ends the reading, so that the statement can be run again.
func (r *preparedRows) Close() error {
	r.of.reading = false
	return r.Rows.Close()
}
