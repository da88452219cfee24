package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// The changes of state below report whether they happened. They do not happen to a finished job: the first writer wins,
// and no caller may act on a change that was not its own. ErrNotFound means that there is no such job.

// Acknowledge makes an accepted job Waiting: Discord took the bot's answer, so the job must be rendered. In the same
// write it records which message holds the answer, unless message is empty. It reports whether this call acknowledged
// the job; the message is recorded also if it did not, because the job had ended.
func (s *Store) Acknowledge(ctx context.Context, id, message string) (bool, error) {
	done, err := s.change(ctx, "acknowledge", id, `UPDATE jobs SET state = 'waiting', updated = $2,
		message = CASE WHEN $3 = '' THEN message ELSE $3 END WHERE id = $1 AND state = 'accepted'`, message)
	if err == nil && !done && message != "" {
		_, err = s.SetMessage(ctx, id, message)
	}
	return done, err
}

// MarkLeased makes a job Running, and records for good that a renderer had it.
func (s *Store) MarkLeased(ctx context.Context, id string) (bool, error) {
	return s.change(ctx, "mark as leased", id, `UPDATE jobs SET state = 'running', was_leased = TRUE, updated = $2
		WHERE id = $1 AND state IN ('waiting', 'running')`)
}

// MarkRequeued makes a Running job Waiting again: its renderer released it or was lost. It writes nothing, and waits
// for no writer, if the job does not run: events tell of every job that joins the queue.
func (s *Store) MarkRequeued(ctx context.Context, id string) (bool, error) {
	var state State
	err := s.read.QueryRowContext(ctx, `SELECT state FROM jobs WHERE id = $1`, id).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return false, fmt.Errorf("mark as requeued job %s: %w", id, err)
	}
	if state != Running {
		return false, nil
	}
	return s.change(ctx, "mark as requeued", id, `UPDATE jobs SET state = 'waiting', updated = $2
		WHERE id = $1 AND state = 'running'`)
}

// SetMessage records which message holds the job's answer, also after the job's end.
func (s *Store) SetMessage(ctx context.Context, id, message string) (bool, error) {
	return s.change(ctx, "set message of", id, `UPDATE jobs SET message = $3, updated = $2 WHERE id = $1`, message)
}

// Finish ends a job as Done. message is the message that holds the images, or empty if there is none (yet).
func (s *Store) Finish(ctx context.Context, id, message string, outcome json.RawMessage) (bool, error) {
	return s.end(ctx, id, ending{state: Done, message: message, outcome: outcome})
}

// Fail ends a job as Failed. reason is for the owner and the operator. In the same transaction it records that the
// owner must be told: the job gets a delivery that is ReofferDue until MarkSent or MoveToInbox.
func (s *Store) Fail(ctx context.Context, id, reason string) (bool, error) {
	var ended bool
	err := s.inTx(ctx, func(tx *sql.Tx) (err error) {
		if ended, err = s.endIn(ctx, tx, id, ending{state: Failed, reason: reason}); err == nil && ended {
			err = s.setApologyDue(ctx, tx, id)
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("end job %s as %s: %w", id, Failed, err)
	}
	return ended, nil
}

// Cancel ends a job as Cancelled.
func (s *Store) Cancel(ctx context.Context, id string) (bool, error) {
	return s.end(ctx, id, ending{state: Cancelled})
}

// Expire ends a job as Expired that was never acknowledged. It does not change any other job.
func (s *Store) Expire(ctx context.Context, id string) (bool, error) {
	return s.end(ctx, id, ending{state: Expired, reason: "never acknowledged", onlyFrom: Accepted})
}

// ending is how a job ends.
type ending struct {
	state    State
	onlyFrom State // the state the job must be in; empty for any state that is not final
	message  string
	outcome  json.RawMessage
	reason   string
}

// end writes an ending, blanks the token and, unless the job is Done, removes its references to input images.
func (s *Store) end(ctx context.Context, id string, to ending) (bool, error) {
	var ended bool
	err := s.inTx(ctx, func(tx *sql.Tx) (err error) {
		ended, err = s.endIn(ctx, tx, id, to)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("end job %s as %s: %w", id, to.state, err)
	}
	return ended, nil
}

// endIn is end within a transaction.
func (s *Store) endIn(ctx context.Context, tx *sql.Tx, id string, to ending) (bool, error) {
	var state State
	var address string
	err := tx.QueryRowContext(ctx, `SELECT state, address FROM jobs WHERE id = $1`, id).Scan(&state, &address)
	if errors.Is(err, sql.ErrNoRows) {
		return false, ErrNotFound
	}
	if err != nil || state.Terminal() || to.onlyFrom != "" && state != to.onlyFrom {
		return false, err
	}
	return s.writeEnding(ctx, tx, id, address, to)
}

// writeEnding reports whether this transaction ended the job: another process may have ended it since the job was read.
func (s *Store) writeEnding(ctx context.Context, tx *sql.Tx, id, address string, to ending) (bool, error) {
	r, err := tx.ExecContext(ctx, `UPDATE jobs SET state = $2, address = $3, pending_inputs = '', outcome = $4,
		reason = $5, updated = $6, message = CASE WHEN $7 = '' THEN message ELSE $7 END
		WHERE id = $1 AND state IN ('accepted', 'waiting', 'running') AND ($8 = '' OR state = $8)`,
		id, to.state, blankToken(address), string(to.outcome), cleanText(to.reason), millis(s.now()), to.message, to.onlyFrom)
	if err != nil {
		return false, err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	if to.state == Done {
		return true, s.addTotals(ctx, tx, id, to.outcome) // input images stay for a reroll, until PruneInputs
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM job_inputs WHERE job = $1`, id)
	return err == nil, err
}

// blankToken empties the field "token" of an address. It drops an address that it cannot read, because that might hold
// a token.
func blankToken(address string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(address), &fields) != nil || fields == nil {
		return "{}"
	}
	if _, has := fields["token"]; has {
		fields["token"] = json.RawMessage(`""`)
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return "{}"
	}
	return string(b)
}

// change runs one conditional UPDATE whose $1 is the id and $2 the time. step begins the text of an error. One
// statement is a transaction of its own: BEGIN and COMMIT would add two round trips to PostgreSQL, or two statements in
// SQLite.
func (s *Store) change(ctx context.Context, step, id, text string, args ...any) (bool, error) {
	var done bool
	err := s.untilItWins(func() (err error) {
		done, err = changeIn(ctx, s.write, id, text, millis(s.now()), args...)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("%s job %s: %w", step, id, err)
	}
	return done, nil
}

func changeIn(ctx context.Context, w writer, id, text string, now int64, args ...any) (bool, error) {
	r, err := w.ExecContext(ctx, text, append([]any{id, now}, args...)...)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	if err != nil || n > 0 {
		return n > 0, err
	}
	var one int
	err = w.QueryRowContext(ctx, `SELECT 1 FROM jobs WHERE id = $1`, id).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, ErrNotFound
	}
	return false, err
}
