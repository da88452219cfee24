package store

import (
	"context"
	"fmt"
	"time"
)

// Claim tells whether holder is the one to do what name stands for, until the time is over: of several bots on one
// database one gets it, and may claim it again to keep it.
func (s *Store) Claim(ctx context.Context, name, holder string, span time.Duration) (bool, error) {
	now := s.now()
	r, err := s.write.ExecContext(ctx, `INSERT INTO claims (name, holder, until) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
		WHERE claims.holder = EXCLUDED.holder OR claims.until < $4`, name, holder, millis(now.Add(span)), millis(now))
	if err != nil {
		return false, fmt.Errorf("claim %s: %w", name, err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("claim %s: %w", name, err)
	}
	return n > 0, nil
}

// PruneClaims forgets the claims that are over.
func (s *Store) PruneClaims(ctx context.Context) error {
	if _, err := s.write.ExecContext(ctx, `DELETE FROM claims WHERE until < $1`, millis(s.now())); err != nil {
		return fmt.Errorf("prune claims: %w", err)
	}
	return nil
}
