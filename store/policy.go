package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Policy returns what a server's moderators decided; the zero Policy if they decided nothing.
func (s *Store) Policy(ctx context.Context, server string) (Policy, error) {
	return policy(ctx, s.read, server)
}

func policy(ctx context.Context, q querier, server string) (Policy, error) {
	var p Policy
	err := q.QueryRowContext(ctx, `SELECT waiting_per_user, running_per_user, per_user_day, max_pixels, max_steps, max_count,
		paused, pause_reason FROM policies WHERE server = $1`, server).Scan(&p.WaitingPerUser, &p.RunningPerUser,
		&p.PerUserDay, &p.MaxPixels, &p.MaxSteps, &p.MaxCount, &p.Paused, &p.PauseReason)
	if errors.Is(err, sql.ErrNoRows) {
		return Policy{}, nil
	}
	if err != nil {
		return Policy{}, fmt.Errorf("read policy of %s: %w", server, err)
	}
	return p, nil
}

// SetPolicy replaces a server's policy, in force for the next Accept, and writes down who did it.
func (s *Store) SetPolicy(ctx context.Context, server string, p Policy, by string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO policies (server, waiting_per_user, running_per_user, per_user_day,
			max_pixels, max_steps, max_count, paused, pause_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (server) DO UPDATE SET waiting_per_user = $2, running_per_user = $3, per_user_day = $4,
			max_pixels = $5, max_steps = $6, max_count = $7, paused = $8, pause_reason = $9`,
			server, p.WaitingPerUser, p.RunningPerUser, p.PerUserDay, p.MaxPixels, p.MaxSteps, p.MaxCount, p.Paused, cleanText(p.PauseReason))
		if err != nil {
			return err
		}
		return s.writeAudit(ctx, tx, server, by, "set policy", p)
	})
	if err != nil {
		return fmt.Errorf("set policy of %s: %w", server, err)
	}
	return nil
}

// ResetPolicy removes a server's policy and the weights of its roles, and writes down who did it.
func (s *Store) ResetPolicy(ctx context.Context, server, by string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"policies", "role_weights"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE server = $1`, server); err != nil {
				return err
			}
		}
		return s.writeAudit(ctx, tx, server, by, "reset policy", nil)
	})
	if err != nil {
		return fmt.Errorf("reset policy of %s: %w", server, err)
	}
	return nil
}

// Act is one line of the audit trail: what somebody with rights did, or what was erased.
type AuditRecord struct {
	Server string
	Actor  string // user id; empty when the program acted by itself, or the person was erased since
	Action string // "set policy", "reset policy", "set role weight", "erase a person" or "forget a server"
	Detail json.RawMessage
	At     time.Time
}

// Audit returns the newest acts in a server, newest first. Erasures are acts in the server "".
func (s *Store) AuditLog(ctx context.Context, server string, limit int) ([]AuditRecord, error) {
	records, err := s.auditRecords(ctx, `WHERE server = $1 ORDER BY id DESC LIMIT $2`, server, limit)
	if err != nil {
		return nil, fmt.Errorf("read audit of %s: %w", server, err)
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
