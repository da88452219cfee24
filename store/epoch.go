package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// NextEpoch gives a pool of the queue a number it never had. It comes from here because a queue that was wiped or
// went back in time would repeat its own. Running jobs stay Running: whoever paints them may go on with them in the new
// epoch, and they become Waiting (Returned) when nobody does.
func (s *Store) NextEpoch(ctx context.Context, pool string) (int64, error) {
	var epoch int64
	err := s.write.QueryRowContext(ctx, `INSERT INTO queue_epoch (pool, epoch) VALUES ($1, 1)
		ON CONFLICT (pool) DO UPDATE SET epoch = queue_epoch.epoch + 1 RETURNING epoch`, pool).Scan(&epoch)
	if err != nil {
		return 0, fmt.Errorf("next epoch of %s: %w", pool, err)
	}
	return epoch, nil
}

// CurrentEpoch returns a pool's last epoch, 0 if it never had one.
func (s *Store) CurrentEpoch(ctx context.Context, pool string) (int64, error) {
	var epoch int64
	err := s.read.QueryRowContext(ctx, `SELECT epoch FROM queue_epoch WHERE pool = $1`, pool).Scan(&epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("current epoch of %s: %w", pool, err)
	}
	return epoch, nil
}
