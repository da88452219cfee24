package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Day is the span over which Usage.Day counts.
const Day = 24 * time.Hour

// Accept writes jobs of one user in one server, all or none, in one transaction: it reads the server's policy and
// what the user has in hand, asks judge, and inserts the rows as Accepted together with their references to input
// pictures. An error of judge comes back untouched and nothing is written. ErrDuplicate means that one of the ids is
// known already, and judge was not asked; ErrInputGone that an input picture must be copied again.
//
// State, Created, Updated and all that is learnt later are set here, whatever the entries say; a Message is kept, for the
// answers of some buttons go into the message they hang on. judge runs while other
// writers wait (with SQLite all, with PostgreSQL those of the same user in the same server, in any process), so it must
// only think. It may be asked twice.
func (s *Store) Accept(ctx context.Context, jobs []Job, judge func(Policy, Usage) error) error {
	if err := validateJobs(jobs); err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	now := s.now()
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := s.dialect.lockExclusive(ctx, tx, lockName("quota", jobs[0].Server, jobs[0].User)); err != nil {
			return err
		}
		if err := refuseDuplicates(ctx, tx, jobs); err != nil {
			return err
		}
		if err := askJudge(ctx, tx, jobs[0], now, judge); err != nil {
			return err
		}
		for _, e := range jobs {
			if err := s.insertJob(ctx, tx, e, now); err != nil {
				return err
			}
		}
		return nil
	})
	var refusal judgeError
	if errors.As(err, &refusal) {
		return refusal.error
	}
	if err != nil {
		return fmt.Errorf("accept job %s: %w", jobs[0].ID, err)
	}
	return nil
}

// refused carries judge's own error through the transaction, so that Accept can hand it back untouched.
type judgeError struct{ error }

func validateJobs(jobs []Job) error {
	if len(jobs) == 0 {
		return errors.New("no job given")
	}
	for _, e := range jobs {
		switch {
		case e.ID == "" || e.Server == "" || e.User == "":
			return fmt.Errorf("job %q: id, server and user are needed", e.ID)
		case e.Server != jobs[0].Server || e.User != jobs[0].User:
			return fmt.Errorf("job %s: belongs to another user or server than job %s", e.ID, jobs[0].ID)
		case e.Pictures < 1:
			return fmt.Errorf("job %s: %d pictures", e.ID, e.Pictures)
		case !json.Valid(e.Spec) || !json.Valid(e.Address):
			return fmt.Errorf("job %s: spec and reply must be JSON", e.ID)
		}
	}
	return nil
}

func refuseDuplicates(ctx context.Context, tx *sql.Tx, jobs []Job) error {
	for _, e := range jobs {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM jobs WHERE id = $1`, e.ID).Scan(&n); err != nil {
			return fmt.Errorf("look for the job: %w", err)
		}
		if n > 0 {
			return ErrDuplicate
		}
	}
	return nil
}

func askJudge(ctx context.Context, tx *sql.Tx, e Job, now time.Time, judge func(Policy, Usage) error) error {
	p, err := policy(ctx, tx, e.Server)
	if err != nil {
		return err
	}
	u, err := usage(ctx, tx, e.Server, e.User, now)
	if err != nil {
		return err
	}
	if err := judge(p, u); err != nil {
		return judgeError{err}
	}
	return nil
}

func (s *Store) insertJob(ctx context.Context, tx *sql.Tx, e Job, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO jobs (`+jobColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, FALSE, $17, '', '', $15, $15, $16)`,
		e.ID, e.Server, e.Channel, e.User, e.Parent, e.Verb, Accepted, string(e.Spec), string(e.Address), string(e.PendingInputs),
		e.Lane, e.Cost, e.Pictures, e.Spoiler, millis(now), e.Weight, e.Message)
	if s.dialect.isDuplicate(err) {
		return ErrDuplicate
	}
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	return s.addInputRefs(ctx, tx, e.ID, e.Inputs)
}

// querier is what reading needs of *sql.DB and *sql.Tx.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Usage counts what a user has in hand in a server now.
func (s *Store) Usage(ctx context.Context, server, user string) (Usage, error) {
	return usage(ctx, s.read, server, user, s.now())
}

func usage(ctx context.Context, q querier, server, user string, now time.Time) (Usage, error) {
	var u Usage
	err := q.QueryRowContext(ctx, `SELECT
		COALESCE(SUM(CASE WHEN state = 'running' THEN 0 ELSE pictures END), 0),
		COALESCE(SUM(CASE WHEN state = 'running' THEN pictures ELSE 0 END), 0)
		FROM jobs WHERE server = $1 AND user_id = $2 AND state IN ('accepted', 'waiting', 'running')`,
		server, user).Scan(&u.Waiting, &u.Running)
	if err != nil {
		return Usage{}, fmt.Errorf("count pictures in hand: %w", err)
	}
	err = q.QueryRowContext(ctx, `SELECT COALESCE(SUM(pictures), 0) FROM jobs
		WHERE server = $1 AND user_id = $2 AND created > $3 AND state NOT IN ('failed', 'cancelled', 'expired')`,
		server, user, millis(now.Add(-Day))).Scan(&u.Day)
	if err != nil {
		return Usage{}, fmt.Errorf("count pictures of a day: %w", err)
	}
	return u, nil
}
