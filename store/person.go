package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Person is all data about a user.
type Person struct {
	Jobs         []Job // newest first
	OlderJobs    int   // how many jobs are not in Jobs
	Presets      []Preset
	Preferences  PreferenceRow // zero if they set none
	Totals       []DailyTotals
	AuditRecords []AuditRecord // what they did as a moderator
	Questions    []Question    // what they have not answered yet
	Posts        []Post        // pings, and private images that were shared
	Deliveries   []Delivery    // how images came beside the message of their job
}

// jobsOfPerson selects the jobs of user $1. It names every state, so that the two indexes of a user's jobs are used.
const jobsOfPerson = `user_id = $1 AND NOT erased AND
	(state IN ('done', 'failed', 'cancelled', 'expired') OR state IN ('accepted', 'waiting', 'running'))`

// Person returns all data about a user, with at most limit of their jobs.
func (s *Store) Person(ctx context.Context, user string, limit int) (Person, error) {
	var p Person
	var err error
	step := func(what string, f func() error) {
		if err == nil {
			if err = f(); err != nil {
				err = fmt.Errorf("read %s of a person: %w", what, err)
			}
		}
	}
	step("jobs", func() (err error) {
		p.Jobs, err = s.queryJobs(ctx, `SELECT `+jobSelection+` FROM jobs WHERE `+jobsOfPerson+`
			ORDER BY created DESC, id DESC LIMIT $2`, user, limit)
		return err
	})
	step("older jobs", func() error {
		err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM jobs WHERE `+jobsOfPerson, user).Scan(&p.OlderJobs)
		p.OlderJobs = max(0, p.OlderJobs-len(p.Jobs))
		return err
	})
	step("presets", func() (err error) { p.Presets, err = s.Presets(ctx, user); return err })
	step("preferences", func() (err error) { p.Preferences, err = s.preferenceRow(ctx, user); return err })
	step("questions", func() (err error) { p.Questions, err = s.questionsOf(ctx, user); return err })
	step("posts", func() (err error) { p.Posts, err = s.postsOf(ctx, user); return err })
	step("deliveries", func() (err error) {
		p.Deliveries, err = s.deliveries(ctx, `WHERE job IN (SELECT id FROM jobs WHERE `+jobsOfPerson+`)
			ORDER BY at, job`, user)
		return err
	})
	step("totals", func() (err error) { p.Totals, err = s.dailyTotals(ctx, user); return err })
	step("audit records", func() (err error) {
		p.AuditRecords, err = s.auditRecords(ctx, `WHERE actor = $1 ORDER BY id`, user)
		return err
	})
	return p, err
}

// Erase removes the data about a user: their finished jobs with images, prompts and addresses, their presets,
// preferences, questions and totals, and their name in the audit trail. It cannot be undone.
//
// It removes the start images that they uploaded even if jobs of other users need them; those jobs then fail with
// ErrInputGone. Jobs of the last Day stay as empty rows that only quotas see. FinishErasures erases the jobs that were
// unfinished once they end, and removes the empty rows.
func (s *Store) Erase(ctx context.Context, user string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for _, text := range []string{
			`DELETE FROM presets WHERE user_id = $1`,
			`DELETE FROM preferences WHERE user_id = $1`,
			`DELETE FROM questions WHERE user_id = $1`,
			`DELETE FROM daily_totals WHERE user_id = $1`,
			`UPDATE audit SET actor = '' WHERE actor = $1`,
		} {
			if _, err := tx.ExecContext(ctx, text, user); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO erasures (user_id, at) VALUES ($1, $2)
			ON CONFLICT (user_id) DO UPDATE SET at = EXCLUDED.at`, user, millis(s.now()))
		if err != nil {
			return err
		}
		if err := s.writeAudit(ctx, tx, "", "", "erase a person", nil); err != nil {
			return err
		}
		return s.eraseEnded(ctx, tx, user, s.now())
	})
	if err != nil {
		return fmt.Errorf("erase a person: %w", err)
	}
	return nil
}

// FinishErasures continues erasures: it erases the jobs that have ended since, and removes empty rows older than a Day.
func (s *Store) FinishErasures(ctx context.Context) error {
	due := map[string]time.Time{}
	err := s.query(ctx, func(r *sql.Rows) error {
		var user string
		var at int64
		err := r.Scan(&user, &at)
		due[user] = fromMillis(at)
		return err
	}, `SELECT user_id, at FROM erasures`)
	if err != nil {
		return fmt.Errorf("read erasures: %w", err)
	}
	for user, at := range due {
		err := s.inTx(ctx, func(tx *sql.Tx) error { return s.eraseEnded(ctx, tx, user, at) })
		if err != nil {
			return fmt.Errorf("finish erasing a person: %w", err)
		}
	}
	return nil
}

// endedJobsOfErased selects the finished jobs of user $1 that were requested until $2.
const endedJobsOfErased = `user_id = $1 AND created <= $2 AND state IN ('done', 'failed', 'cancelled', 'expired')`

// eraseEnded erases a user's finished jobs, and ends the erasure when the user has no such jobs left.
//
// It lists the columns of jobs that it empties. A new column or table with personal data must be added here, to Erase
// and to Person, or the data stays silently.
func (s *Store) eraseEnded(ctx context.Context, tx *sql.Tx, user string, at time.Time) error {
	if err := s.dialect.lockExclusive(ctx, tx, inputsLock()); err != nil {
		return err
	}
	for _, text := range []string{
		// The input images that they uploaded; then those that no other job needs.
		`DELETE FROM inputs WHERE sha IN (SELECT i.sha FROM job_inputs i JOIN jobs j ON j.id = i.job
			WHERE j.parent = '' AND j.user_id = $1 AND j.created <= $2
			AND j.state IN ('done', 'failed', 'cancelled', 'expired'))`,
		`DELETE FROM inputs
			WHERE sha IN (SELECT sha FROM job_inputs WHERE job IN (SELECT id FROM jobs WHERE ` + endedJobsOfErased + `))
			AND sha NOT IN (SELECT sha FROM job_inputs
				WHERE job NOT IN (SELECT id FROM jobs WHERE ` + endedJobsOfErased + `))`,
		`DELETE FROM job_inputs WHERE job IN (SELECT id FROM jobs WHERE ` + endedJobsOfErased + `)`,
		`DELETE FROM deliveries WHERE job IN (SELECT id FROM jobs WHERE ` + endedJobsOfErased + `)`,
		`DELETE FROM posts WHERE job IN (SELECT id FROM jobs WHERE ` + endedJobsOfErased + `)`,
		`UPDATE jobs SET erased = TRUE, channel = '', parent = '', spec = '{}', address = '{}', pending_inputs = '',
			lane = '', message = '', outcome = '', reason = '' WHERE NOT erased AND ` + endedJobsOfErased,
	} {
		if _, err := tx.ExecContext(ctx, text, user, millis(at)); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM jobs WHERE erased AND user_id = $1 AND created <= $2`,
		user, millis(s.now().Add(-Day)))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM erasures WHERE user_id = $1
		AND NOT EXISTS (SELECT 1 FROM jobs WHERE user_id = $1 AND created <= $2)`, user, millis(at))
	return err
}
