package store

import (
	"context"
	"database/sql"
	"fmt"
)

// RecordCrashes notes how many renderers were lost while they rendered an unfinished job, so that the count outlives
// the queue. A smaller number than the one noted changes nothing.
func (s *Store) RecordCrashes(ctx context.Context, id string, crashes int) (bool, error) {
	return s.change(ctx, "note crashes of", id, `UPDATE jobs SET crashes = $3, updated = $2
		WHERE id = $1 AND crashes < $3 AND state IN ('waiting', 'running')`, crashes)
}

// RequeueRunning makes every Running job Waiting. It is for the end of a process that had the queue in its memory,
// once its renderer has stopped in order: a job that stays Running counts as one that its renderer was lost with.
func (s *Store) RequeueRunning(ctx context.Context) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(
			ctx, `UPDATE jobs SET state = 'waiting', updated = $1 WHERE state = 'running'`, millis(s.now()),
		)
		return err
	})
	if err != nil {
		return fmt.Errorf("take back what was running: %w", err)
	}
	return nil
}
