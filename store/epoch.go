package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// NextEpoch gives a pool of the queue a number it never had. It comes from here because a queue that was wiped or
// went back in time would repeat its own. Since an emptied queue leases nothing, running jobs become Waiting again.
func (s *Store) NextEpoch(ctx context.Context, pool string) (int64, error) {
	var epoch int64
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `INSERT INTO queue_epoch (pool, epoch) VALUES ($1, 1)
			ON CONFLICT (pool) DO UPDATE SET epoch = queue_epoch.epoch + 1 RETURNING epoch`, pool).Scan(&epoch)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE jobs SET state = 'waiting', updated = $1 WHERE state = 'running'`, millis(s.now()))
		return err
	})
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
