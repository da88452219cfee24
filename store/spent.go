package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Spent is what was painted. What failed or was cancelled is not in it: it costs nobody anything.
type Spent struct {
	Pictures int
	Millis   int64 // of painting; the time for posting is not counted
}

// SpentDay is what was painted for a person in a server on one day.
type SpentDay struct {
	Server string
	Day    time.Time // its beginning, in UTC
	Spent
}

// postStage is the stage of an outcome that is no painting.
const postStage = "post"

// spend adds a finished job to what its owner had painted today, unless they had it erased meanwhile.
func (s *Store) spend(ctx context.Context, tx *sql.Tx, id string, outcome json.RawMessage) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO spent (server, user_id, day, pictures, millis)
		SELECT server, user_id, CAST($2 AS INTEGER), pictures, CAST($3 AS BIGINT) FROM jobs WHERE id = $1
			AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.user_id = jobs.user_id AND jobs.created <= e.at)
		ON CONFLICT (server, user_id, day) DO UPDATE SET
			pictures = spent.pictures + EXCLUDED.pictures, millis = spent.millis + EXCLUDED.millis`,
		id, dayOf(s.now()), painted(outcome))
	if err != nil {
		return fmt.Errorf("count what was painted: %w", err)
	}
	return nil
}

// painted reads from an outcome how many milliseconds painting took. An outcome that says nothing took none.
func painted(outcome json.RawMessage) int64 {
	var o struct {
		Millis map[string]int64 `json:"ms"`
	}
	if json.Unmarshal(outcome, &o) != nil {
		return 0
	}
	var sum int64
	for stage, ms := range o.Millis {
		if stage != postStage {
			sum += max(0, ms)
		}
	}
	return sum
}

// SpentBy returns what was painted in a server since the day that holds a time.
func (s *Store) SpentBy(ctx context.Context, server string, since time.Time) (Spent, error) {
	var sum Spent
	err := s.read.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(pictures), 0) AS BIGINT), CAST(COALESCE(SUM(millis), 0) AS BIGINT)
		FROM spent WHERE server = $1 AND day >= $2`, server, dayOf(since)).Scan(&sum.Pictures, &sum.Millis)
	if err != nil {
		return Spent{}, fmt.Errorf("count what was painted in %s: %w", server, err)
	}
	return sum, nil
}

func (s *Store) spentOf(ctx context.Context, user string) ([]SpentDay, error) {
	var all []SpentDay
	err := s.query(ctx, func(r *sql.Rows) error {
		var d SpentDay
		var day int64
		err := r.Scan(&d.Server, &day, &d.Pictures, &d.Millis)
		d.Day = time.Unix(day*int64(Day/time.Second), 0).UTC()
		all = append(all, d)
		return err
	}, `SELECT server, day, pictures, millis FROM spent WHERE user_id = $1 ORDER BY day, server`, user)
	return all, err
}

// dayOf numbers the days since 1970 in UTC.
func dayOf(t time.Time) int64 { return t.UnixMilli() / Day.Milliseconds() }
