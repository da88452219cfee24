package store

import (
	"context"
	"fmt"
	"time"
)

// Claim reserves a task for holder for a period. It reports whether holder has the claim: of several bots on one
// database only one gets it, and that one may claim it again to keep it.
func (s *Store) Claim(ctx context.Context, name, holder string, period time.Duration) (bool, error) {
	now := s.now()
	r, err := s.write.ExecContext(ctx, `INSERT INTO claims (name, holder, expires) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, expires = EXCLUDED.expires
		WHERE claims.holder = EXCLUDED.holder OR claims.expires < $4`,
		name, holder, millis(now.Add(period)), millis(now))
	if err != nil {
		return false, fmt.Errorf("claim %s: %w", name, err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("claim %s: %w", name, err)
	}
	return n > 0, nil
}

// PruneClaims removes the claims that have expired.
func (s *Store) PruneClaims(ctx context.Context) error {
	if _, err := s.write.ExecContext(ctx, `DELETE FROM claims WHERE expires < $1`, millis(s.now())); err != nil {
		return fmt.Errorf("prune claims: %w", err)
	}
	return nil
}
