package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// AuditRecord is one entry of the audit trail: what a moderator did, or what was erased.
type AuditRecord struct {
	Server string
	Actor  string // user id; empty if the program acted on its own, or if the person was erased since
	Action string // such as ActSetPolicy, "erase a person" or "forget a server"
	Detail json.RawMessage
	At     time.Time
}

// What moderators do. The words are stored.
const (
	ActSetPolicy     = "set policy"
	ActResetPolicy   = "reset policy"
	ActSetRoleWeight = "set role weight"
	ActSetSettings   = "set settings"
	ActSavePreset    = "save preset"
	ActDeletePreset  = "delete preset"
)

// LastAct returns the newest audit record of a server with one of some actions. The record is zero if there is none.
func (s *Store) LastAct(ctx context.Context, server string, actions ...string) (AuditRecord, error) {
	args, marks := []any{server}, []string{}
	for _, a := range actions {
		args = append(args, a)
		marks = append(marks, fmt.Sprintf("$%d", len(args)))
	}
	records, err := s.auditRecords(ctx,
		`WHERE server = $1 AND action IN (`+strings.Join(marks, ", ")+`) ORDER BY id DESC LIMIT 1`, args...)
	if err != nil || len(records) == 0 {
		return AuditRecord{}, err
	}
	return records[0], nil
}

// AuditLog returns the newest audit records of a server, newest first. Erasures are records of the server "".
func (s *Store) AuditLog(ctx context.Context, server string, limit int) ([]AuditRecord, error) {
	records, err := s.auditRecords(ctx, `WHERE server = $1 ORDER BY id DESC LIMIT $2`, server, limit)
	if err != nil {
		return nil, fmt.Errorf("read audit log of %s: %w", server, err)
	}
	return records, nil
}

func (s *Store) auditRecords(ctx context.Context, where string, args ...any) ([]AuditRecord, error) {
	var records []AuditRecord
	err := s.query(ctx, func(r *sql.Rows) error {
		a, detail, at := AuditRecord{}, "", int64(0)
		err := r.Scan(&a.Server, &a.Actor, &a.Action, &detail, &at)
		a.Detail, a.At = rawJSON(detail), fromMillis(at)
		records = append(records, a)
		return err
	}, `SELECT server, actor, action, detail, at FROM audit `+where, args...)
	return records, err
}

func (s *Store) writeAudit(ctx context.Context, tx *sql.Tx, server, by, action string, detail any) error {
	text := ""
	if detail != nil {
		b, err := json.Marshal(detail)
		if err != nil {
			return fmt.Errorf("write audit: %w", err)
		}
		text = string(b)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO audit (server, actor, action, detail, at) VALUES ($1, $2, $3, $4, $5)`,
		server, by, action, text, millis(s.now()))
	if err != nil {
		return fmt.Errorf("write audit: %w", err)
	}
	return nil
}
