package store

import (
	"context"
	"fmt"
)

// RunBegan counts a run of a job as a crash until RunSurvived takes that back. It counts before the run, because a
// process that the run kills cannot count it afterwards.
func (s *Store) RunBegan(ctx context.Context, id string) (bool, error) {
	return s.change(ctx, "count run of", id, `UPDATE jobs SET crashes = crashes + 1, updated = $2
		WHERE id = $1 AND state IN ('waiting', 'running')`)
}

// RunSurvived takes back what RunBegan counted: the run has ended, in whatever way, and the process lives.
func (s *Store) RunSurvived(ctx context.Context, id string) (bool, error) {
	return s.change(ctx, "count end of run of", id, `UPDATE jobs SET crashes = crashes - 1, updated = $2
		WHERE id = $1 AND crashes > 0 AND state IN ('waiting', 'running')`)
}

// CrashedJobs returns the ids of unfinished jobs whose runs killed their process at least this many times. No job may
// run during the call, because a run that has begun counts as a crash.
func (s *Store) CrashedJobs(ctx context.Context, times int) ([]string, error) {
	ids, err := s.queryTexts(ctx, `SELECT id FROM jobs WHERE state IN ('waiting', 'running') AND crashes >= $1
		ORDER BY created, id`, times)
	if err != nil {
		return nil, fmt.Errorf("find crashed jobs: %w", err)
	}
	return ids, nil
}
