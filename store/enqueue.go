package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Unqueued returns up to limit acknowledged jobs that this epoch of the queue does not hold, running ones first, then
// the oldest. It is the outbox: after a start, a failed enqueue, a wiped queue and a queue that went back in time, the
// same query finds the jobs to enqueue.
func (s *Store) Unqueued(ctx context.Context, epoch int64, limit int) ([]Job, error) {
	return s.listJobs(ctx, "find unqueued jobs", `SELECT `+jobSelection+` FROM jobs
		WHERE state IN ('waiting', 'running') AND epoch < $1 ORDER BY state, created, id LIMIT $2`, epoch, limit)
}

// NotUpdatedSince returns the ids of jobs that should be in this epoch of the queue and were not updated since a time.
func (s *Store) NotUpdatedSince(ctx context.Context, epoch int64, since time.Time) ([]string, error) {
	ids, err := s.queryTexts(ctx, `SELECT id FROM jobs
		WHERE state IN ('waiting', 'running') AND epoch = $1 AND updated < $2 ORDER BY created, id`, epoch, millis(since))
	if err != nil {
		return nil, fmt.Errorf("find jobs without an update: %w", err)
	}
	return ids, nil
}

// CountQueued returns how many jobs should be in this epoch of the queue.
func (s *Store) CountQueued(ctx context.Context, epoch int64) (n int, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM jobs WHERE state IN ('waiting', 'running') AND epoch = $1`,
		epoch).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count queued jobs: %w", err)
	}
	return n, nil
}

// MarkEnqueued records the queue's epoch that holds the job, so that Unqueued leaves it out. An older epoch changes
// nothing.
func (s *Store) MarkEnqueued(ctx context.Context, id string, epoch int64) (bool, error) {
	return s.change(ctx, "mark as enqueued", id, `UPDATE jobs SET epoch = $3, updated = $2
		WHERE id = $1 AND epoch < $3 AND state IN ('waiting', 'running')`, epoch)
}

// MarkEnqueuedAll does for many jobs, in one transaction, what MarkEnqueued does for one. It returns the jobs that it
// skipped: they have ended, or are in that epoch or a later one already.
func (s *Store) MarkEnqueuedAll(ctx context.Context, epoch int64, ids []string) (skipped []string, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		skipped = nil
		mark, err := tx.PrepareContext(ctx, `UPDATE jobs SET epoch = $2, updated = $3
			WHERE id = $1 AND epoch < $2 AND state IN ('waiting', 'running')`)
		if err != nil {
			return err
		}
		defer mark.Close()
		for _, id := range ids {
			r, err := mark.ExecContext(ctx, id, epoch, millis(s.now()))
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
		return nil, fmt.Errorf("mark %d jobs as enqueued: %w", len(ids), err)
	}
	return skipped, nil
}
