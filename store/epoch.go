package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// NextEpoch gives a pool of the queue a number that it never had. The number comes from SQL because a queue that was
// wiped or went back in time would repeat its own numbers. Running jobs stay Running: a renderer that runs one may
// reclaim it in the new epoch. It becomes Waiting (MarkRequeued) if no renderer does.
func (s *Store) NextEpoch(ctx context.Context, pool string) (int64, error) {
	var epoch int64
	err := s.write.QueryRowContext(ctx, `INSERT INTO queue_epochs (pool, epoch) VALUES ($1, 1)
		ON CONFLICT (pool) DO UPDATE SET epoch = queue_epochs.epoch + 1 RETURNING epoch`, pool).Scan(&epoch)
	if err != nil {
		return 0, fmt.Errorf("next epoch of %s: %w", pool, err)
	}
	return epoch, nil
}

// CurrentEpoch returns the last epoch of a pool, or 0 if it never had one.
func (s *Store) CurrentEpoch(ctx context.Context, pool string) (int64, error) {
	var epoch int64
	err := s.read.QueryRowContext(ctx, `SELECT epoch FROM queue_epochs WHERE pool = $1`, pool).Scan(&epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("current epoch of %s: %w", pool, err)
	}
	return epoch, nil
}
