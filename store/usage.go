package store

import (
	"context"
	"fmt"
	"time"

	"darkroom/store/limits"
)

// Day is the period over which Usage.Day counts.
const Day = 24 * time.Hour

// Usage is what a user has requested in a server.
type Usage = limits.Usage

// Usage counts what a user has requested in a server.
func (s *Store) Usage(ctx context.Context, server, user string) (Usage, error) {
	return usage(ctx, s.read, server, user, s.now())
}

// OldestOfDay returns when a user made the oldest request that counts for Usage.Day; the zero time if none does.
func (s *Store) OldestOfDay(ctx context.Context, server, user string) (time.Time, error) {
	var oldest int64
	err := s.read.QueryRowContext(ctx, `SELECT COALESCE(MIN(created), 0) FROM jobs
		WHERE server = $1 AND user_id = $2 AND created > $3 AND state NOT IN ('failed', 'cancelled', 'expired')`,
		server, user, millis(s.now().Add(-Day))).Scan(&oldest)
	if err != nil {
		return time.Time{}, fmt.Errorf("find the oldest request of a day: %w", err)
	}
	if oldest == 0 {
		return time.Time{}, nil
	}
	return time.UnixMilli(oldest), nil
}

func usage(ctx context.Context, q querier, server, user string, now time.Time) (Usage, error) {
	var u Usage
	err := q.QueryRowContext(ctx, `SELECT
		COALESCE(SUM(CASE WHEN state = 'running' THEN 0 ELSE pictures END), 0),
		COALESCE(SUM(CASE WHEN state = 'running' THEN pictures ELSE 0 END), 0)
		FROM jobs WHERE server = $1 AND user_id = $2 AND state IN ('accepted', 'waiting', 'running')`,
		server, user).Scan(&u.Waiting, &u.Running)
	if err != nil {
		return Usage{}, fmt.Errorf("count unfinished pictures: %w", err)
	}
	err = q.QueryRowContext(ctx, `SELECT COALESCE(SUM(pictures), 0) FROM jobs
		WHERE server = $1 AND user_id = $2 AND created > $3 AND state NOT IN ('failed', 'cancelled', 'expired')`,
		server, user, millis(now.Add(-Day))).Scan(&u.Day)
	if err != nil {
		return Usage{}, fmt.Errorf("count pictures of a day: %w", err)
	}
	return u, nil
}
