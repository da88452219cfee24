package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Totals is how much was rendered. Failed and cancelled jobs do not count.
type Totals struct {
	Pictures int
	Millis   int64 // of rendering, without the time for posting
}

// DailyTotals is what was rendered for a user in a server on one day.
type DailyTotals struct {
	Server string
	Day    time.Time // its beginning, in UTC
	Totals
}

// postStage is the stage of an outcome that is not rendering.
const postStage = "post"

// addTotals adds a finished job to its owner's totals of today, unless the owner was erased after the request.
//
// Only finished jobs are added, so nothing is ever refunded, and the sum outlives old and erased rows. Quotas do not
// use it. Days are UTC days, wherever the people of a server live.
func (s *Store) addTotals(ctx context.Context, tx *sql.Tx, id string, outcome json.RawMessage) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO daily_totals (server, user_id, day, pictures, millis)
		SELECT server, user_id, CAST($2 AS INTEGER), pictures, CAST($3 AS BIGINT) FROM jobs WHERE id = $1
			AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.user_id = jobs.user_id AND jobs.created <= e.at)
		ON CONFLICT (server, user_id, day) DO UPDATE SET
			pictures = daily_totals.pictures + EXCLUDED.pictures, millis = daily_totals.millis + EXCLUDED.millis`,
		id, dayNumber(s.now()), renderMillis(outcome))
	if err != nil {
		return fmt.Errorf("add to daily totals: %w", err)
	}
	return nil
}

// renderMillis reads from an outcome how many milliseconds rendering took, or 0 if the outcome does not say.
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

// TotalsOf returns what was rendered in a server since the beginning of the day that contains a time.
func (s *Store) TotalsOf(ctx context.Context, server string, since time.Time) (Totals, error) {
	var sum Totals
	err := s.read.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(pictures), 0) AS BIGINT),
		CAST(COALESCE(SUM(millis), 0) AS BIGINT) FROM daily_totals WHERE server = $1 AND day >= $2`,
		server, dayNumber(since)).Scan(&sum.Pictures, &sum.Millis)
	if err != nil {
		return Totals{}, fmt.Errorf("read totals of %s: %w", server, err)
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
	}, `SELECT server, day, pictures, millis FROM daily_totals WHERE user_id = $1 ORDER BY day, server`, user)
	return all, err
}

// dayNumber counts the days since 1970 in UTC.
func dayNumber(t time.Time) int64 { return t.UnixMilli() / Day.Milliseconds() }
