package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"darkroom/store/limits"
)

// Policy is what a server's moderators decided.
type Policy = limits.Policy

// Policy returns the policy of a server, or the zero Policy if its moderators set none.
func (s *Store) Policy(ctx context.Context, server string) (Policy, error) {
	return policy(ctx, s.read, server)
}

func policy(ctx context.Context, q querier, server string) (Policy, error) {
	var p Policy
	err := q.QueryRowContext(ctx, `SELECT waiting_per_user, running_per_user, per_user_day, max_pixels, max_steps,
		max_count, paused, pause_reason FROM policies WHERE server = $1`, server).Scan(&p.WaitingPerUser,
		&p.RunningPerUser, &p.PerUserDay, &p.MaxPixels, &p.MaxSteps, &p.MaxCount, &p.Paused, &p.PauseReason)
	if errors.Is(err, sql.ErrNoRows) {
		return Policy{}, nil
	}
	if err != nil {
		return Policy{}, fmt.Errorf("read policy of %s: %w", server, err)
	}
	return p, nil
}

// SetPolicy replaces a server's policy and records who did it. The policy applies from the next Accept on.
func (s *Store) SetPolicy(ctx context.Context, server string, p Policy, by string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO policies (server, waiting_per_user, running_per_user, per_user_day,
			max_pixels, max_steps, max_count, paused, pause_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (server) DO UPDATE SET waiting_per_user = $2, running_per_user = $3, per_user_day = $4,
			max_pixels = $5, max_steps = $6, max_count = $7, paused = $8, pause_reason = $9`,
			server, p.WaitingPerUser, p.RunningPerUser, p.PerUserDay, p.MaxPixels, p.MaxSteps, p.MaxCount, p.Paused,
			cleanText(p.PauseReason))
		if err != nil {
			return err
		}
		return s.writeAudit(ctx, tx, server, by, ActSetPolicy, p)
	})
	if err != nil {
		return fmt.Errorf("set policy of %s: %w", server, err)
	}
	return nil
}

// ResetPolicy removes a server's policy and the weights of its roles, and records who did it.
func (s *Store) ResetPolicy(ctx context.Context, server, by string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"policies", "role_weights"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE server = $1`, server); err != nil {
				return err
			}
		}
		return s.writeAudit(ctx, tx, server, by, ActResetPolicy, nil)
	})
	if err != nil {
		return fmt.Errorf("reset policy of %s: %w", server, err)
	}
	return nil
}
