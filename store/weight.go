package store

import (
	"context"
	"database/sql"
	"fmt"
)

// defaultWeight is the weight of a role without one of its own, in percent.
const defaultWeight = 100

// SetRoleWeight gives a role a weight in percent and records who did it; 0 or 100 removes the weight. A user of weight
// 200 is served as if their images took half the time.
func (s *Store) SetRoleWeight(ctx context.Context, server, role string, percent int, by string) error {
	if percent < 0 {
		return fmt.Errorf("set weight of role %s: %d percent", role, percent)
	}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := setWeight(ctx, tx, server, role, percent); err != nil {
			return err
		}
		return s.writeAudit(ctx, tx, server, by, ActSetRoleWeight, map[string]any{"role": role, "percent": percent})
	})
	if err != nil {
		return fmt.Errorf("set weight of role %s: %w", role, err)
	}
	return nil
}

func setWeight(ctx context.Context, tx *sql.Tx, server, role string, percent int) error {
	if percent == 0 || percent == defaultWeight {
		_, err := tx.ExecContext(ctx, `DELETE FROM role_weights WHERE server = $1 AND role = $2`, server, role)
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO role_weights (server, role, weight) VALUES ($1, $2, $3)
		ON CONFLICT (server, role) DO UPDATE SET weight = EXCLUDED.weight`, server, role, percent)
	return err
}
