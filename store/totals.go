package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Spent is what was painted. What failed or was cancelled is not in it: it costs nobody anything.
type Totals struct {
	Pictures int
	Millis   int64 // of painting; the time for posting is not counted
}

// DailyTotals is what was painted for a person in a server on one day.
type DailyTotals struct {
	Server string
	Day    time.Time // its beginning, in UTC
	Totals
}

// postStage is the stage of an outcome that is no painting.
const postStage = "post"

// spend adds a finished job to what its owner had painted today, unless they had it erased meanwhile.
func (s *Store) addTotals(ctx context.Context, tx *sql.Tx, id string, outcome json.RawMessage) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO spent (server, user_id, day, pictures, millis)
		SELECT server, user_id, CAST($2 AS INTEGER), pictures, CAST($3 AS BIGINT) FROM jobs WHERE id = $1
			AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.user_id = jobs.user_id AND jobs.created <= e.at)
		ON CONFLICT (server, user_id, day) DO UPDATE SET
			pictures = spent.pictures + EXCLUDED.pictures, millis = spent.millis + EXCLUDED.millis`,
		id, dayNumber(s.now()), renderMillis(outcome))
	if err != nil {
		return fmt.Errorf("count what was painted: %w", err)
	}
	return nil
}

// painted reads from an outcome how many milliseconds painting took. An outcome that says nothing took none.
func renderMillis(outcome json.RawMessage) int64 {
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

// TotalsOf returns what was painted in a server since the day that holds a time.
func (s *Store) TotalsOf(ctx context.Context, server string, since time.Time) (Totals, error) {
	var sum Totals
	err := s.read.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(pictures), 0) AS BIGINT), CAST(COALESCE(SUM(millis), 0) AS BIGINT)
		FROM spent WHERE server = $1 AND day >= $2`, server, dayNumber(since)).Scan(&sum.Pictures, &sum.Millis)
	if err != nil {
		return Totals{}, fmt.Errorf("count what was painted in %s: %w", server, err)
	}
	return sum, nil
}

func (s *Store) dailyTotals(ctx context.Context, user string) ([]DailyTotals, error) {
	var all []DailyTotals
	err := s.query(ctx, func(r *sql.Rows) error {
		var d DailyTotals
		var day int64
		err := r.Scan(&d.Server, &day, &d.Pictures, &d.Millis)
		d.Day = time.Unix(day*int64(Day/time.Second), 0).UTC()
		all = append(all, d)
		return err
	}, `SELECT server, day, pictures, millis FROM spent WHERE user_id = $1 ORDER BY day, server`, user)
	return all, err
}

// dayNumber numbers the days since 1970 in UTC.
func dayNumber(t time.Time) int64 { return t.UnixMilli() / Day.Milliseconds() }
