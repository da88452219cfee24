package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Begun counts the painting of a job as a crash until Survived takes that back: who is killed by it could not count it
// afterwards.
func (s *Store) RunBegan(ctx context.Context, id string) (bool, error) {
	return s.change(ctx, "count painting of", id, `UPDATE jobs SET crashes = crashes + 1, updated = $2
		WHERE id = $1 AND state IN ('waiting', 'running')`)
}

// Survived takes back what Begun counted: the painting is over, however it ended, and the process lives.
func (s *Store) RunSurvived(ctx context.Context, id string) (bool, error) {
	return s.change(ctx, "count survival of", id, `UPDATE jobs SET crashes = crashes - 1, updated = $2
		WHERE id = $1 AND crashes > 0 AND state IN ('waiting', 'running')`)
}

// Crashed returns the ids of unfinished jobs whose painting ended its process so many times or more. Nothing may be
// painted meanwhile, for that would count.
func (s *Store) CrashedJobs(ctx context.Context, times int) ([]string, error) {
	var ids []string
	err := s.query(ctx, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM jobs WHERE state IN ('waiting', 'running') AND crashes >= $1 ORDER BY created, id`, times)
	if err != nil {
		return nil, fmt.Errorf("find crashed jobs: %w", err)
	}
	return ids, nil
}
