package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Accept writes jobs of one user in one server, all or none, in one transaction. It reads the server's policy and the
// user's usage, asks judge, and inserts the rows as Accepted together with their references to input images.
//
// An error of judge comes back unchanged and nothing is written. ErrDuplicate means that one of the ids exists already,
// and judge was not asked. ErrInputGone means that an input image must be copied again.
//
// Accept sets State, Created and Updated itself and ignores all fields of a later stage in jobs, except Message: the
// answer to some buttons goes into the message that holds the button.
//
// While judge runs, other writers wait: with SQLite all of them, with PostgreSQL those of the same user in the same
// server, in any process. So judge must only compute. It may be called twice.
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
		for _, j := range jobs {
			if err := s.insertJob(ctx, tx, j, now); err != nil {
				return err
			}
		}
		return nil
	})
	if refusal, ok := errors.AsType[judgeError](err); ok {
		return refusal.error
	}
	if err != nil {
		return fmt.Errorf("accept job %s: %w", jobs[0].ID, err)
	}
	return nil
}

// judgeError carries judge's own error through the transaction, so that Accept can return it unchanged.
type judgeError struct{ error }

func validateJobs(jobs []Job) error {
	if len(jobs) == 0 {
		return errors.New("no job given")
	}
	for _, j := range jobs {
		switch {
		case j.ID == "" || j.Server == "" || j.User == "":
			return fmt.Errorf("job %q: needs an id, a server and a user", j.ID)
		case j.Server != jobs[0].Server || j.User != jobs[0].User:
			return fmt.Errorf("job %s: belongs to another user or server than job %s", j.ID, jobs[0].ID)
		case j.Pictures < 1:
			return fmt.Errorf("job %s: %d pictures", j.ID, j.Pictures)
		case !json.Valid(j.Spec) || !json.Valid(j.Address):
			return fmt.Errorf("job %s: spec and address must be JSON", j.ID)
		}
	}
	return nil
}

func refuseDuplicates(ctx context.Context, tx *sql.Tx, jobs []Job) error {
	for _, j := range jobs {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM jobs WHERE id = $1`, j.ID).Scan(&n); err != nil {
			return fmt.Errorf("look for the job: %w", err)
		}
		if n > 0 {
			return ErrDuplicate
		}
	}
	return nil
}

func askJudge(ctx context.Context, tx *sql.Tx, j Job, now time.Time, judge func(Policy, Usage) error) error {
	p, err := policy(ctx, tx, j.Server)
	if err != nil {
		return err
	}
	u, err := usage(ctx, tx, j.Server, j.User, now)
	if err != nil {
		return err
	}
	if err := judge(p, u); err != nil {
		return judgeError{err}
	}
	return nil
}

// insertJob inserts a row. The placeholders must stand in the order of jobColumns (find.go), so their numbers are not
// in order: a new column at the end of jobColumns needs a placeholder at the end of this list. A column with personal
// data also belongs into eraseEnded (person.go).
func (s *Store) insertJob(ctx context.Context, tx *sql.Tx, j Job, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO jobs (`+jobColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, FALSE, $17, '', '', $15, $15, $16)`,
		j.ID, j.Server, j.Channel, j.User, j.Parent, j.Verb, Accepted, string(j.Spec), string(j.Address),
		string(j.PendingInputs), j.Lane, j.Cost, j.Pictures, j.Spoiler, millis(now), j.Weight, j.Message)
	if s.dialect.isDuplicate(err) {
		return ErrDuplicate
	}
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	if err := s.addPing(ctx, tx, j, now); err != nil {
		return err
	}
	return s.addInputRefs(ctx, tx, j.ID, j.Inputs)
}
