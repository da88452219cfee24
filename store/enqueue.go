package store

import (
	"context"
	"database/sql"
	"fmt"
)

// MarkEnqueuedAll notes, in one transaction, the queue's epoch that holds these jobs, and returns those of them for which it
// did not: they ended meanwhile, or are in that epoch or a later one already.
func (s *Store) MarkEnqueuedAll(ctx context.Context, epoch int64, ids []string) (skipped []string, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		skipped = nil
		note, err := tx.PrepareContext(ctx, `UPDATE jobs SET epoch = $2, updated = $3
			WHERE id = $1 AND epoch < $2 AND state IN ('waiting', 'running')`)
		if err != nil {
			return err
		}
		defer note.Close()
		for _, id := range ids {
			r, err := note.ExecContext(ctx, id, epoch, millis(s.now()))
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil {
				return err
			} else if n == 0 {
				skipped = append(skipped, id)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("note epoch of %d jobs: %w", len(ids), err)
	}
	return skipped, nil
}
