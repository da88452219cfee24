package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const jobColumns = `id, server, channel, user_id, parent, verb, state, spec, reply, pending, lane, cost, pictures, spoiler,
	epoch, leased, message, outcome, reason, created, updated, weight`

// selected are the columns that scan reads: the last tell whether there are input pictures to ask for, and whether a
// message beside the job's own was begun.
const jobSelection = jobColumns + `, EXISTS (SELECT 1 FROM job_inputs i WHERE i.job = jobs.id),
	EXISTS (SELECT 1 FROM deliveries d WHERE d.job = jobs.id AND d.state IN ('sending', 'posted')), crashes`

// Find returns a job, or ErrNotFound. One that was erased is not found.
func (s *Store) Find(ctx context.Context, id string) (Job, error) {
	e, err := s.queryJob(ctx, `SELECT `+jobSelection+` FROM jobs WHERE id = $1 AND NOT erased`, id)
	if err != nil {
		return Job{}, fmt.Errorf("find job %s: %w", id, err)
	}
	return e, nil
}

// Owed returns up to limit jobs that were promised and are not in this epoch of the queue, running ones first, then the
// oldest: the relay enqueues them. Boot, a lost enqueue, a wiped queue and a queue that went back in time are all this one question.
func (s *Store) Unqueued(ctx context.Context, epoch int64, limit int) ([]Job, error) {
	return s.listJobs(ctx, "find owed jobs", `SELECT `+jobSelection+` FROM jobs
		WHERE state IN ('waiting', 'running') AND epoch < $1 ORDER BY state, created, id LIMIT $2`, epoch, limit)
}

// Untouched returns the ids of jobs that are said to be in this epoch of the queue and of which nothing was heard since a
// time.
func (s *Store) NotUpdatedSince(ctx context.Context, epoch int64, since time.Time) ([]string, error) {
	var ids []string
	err := s.query(ctx, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM jobs WHERE state IN ('waiting', 'running') AND epoch = $1 AND updated < $2 ORDER BY created, id`,
		epoch, millis(since))
	if err != nil {
		return nil, fmt.Errorf("find untouched jobs: %w", err)
	}
	return ids, nil
}

// Unfinished returns a user's unfinished jobs in all servers, oldest first.
func (s *Store) Unfinished(ctx context.Context, user string) ([]Job, error) {
	return s.listJobs(ctx, "find unfinished jobs", `SELECT `+jobSelection+` FROM jobs
		WHERE state IN ('accepted', 'waiting', 'running') AND user_id = $1 ORDER BY created, id`, user)
}

// Unacknowledged returns, oldest first, up to limit jobs that were accepted longer ago than age and never acknowledged.
func (s *Store) Unacknowledged(ctx context.Context, age time.Duration, limit int) ([]Job, error) {
	return s.listJobs(ctx, "find unacknowledged jobs", `SELECT `+jobSelection+` FROM jobs
		WHERE state = 'accepted' AND created < $1 ORDER BY created, id LIMIT $2`, millis(s.now().Add(-age)), limit)
}

// Ended returns, newest first, up to limit jobs that were touched since and are terminal.
func (s *Store) Ended(ctx context.Context, since time.Time, limit int) ([]Job, error) {
	return s.listJobs(ctx, "find ended jobs", `SELECT `+jobSelection+` FROM jobs
		WHERE updated >= $1 AND NOT erased AND state IN ('done', 'failed', 'cancelled', 'expired')
		ORDER BY updated DESC, id DESC LIMIT $2`, millis(since), limit)
}

func (s *Store) queryJob(ctx context.Context, text string, args ...any) (Job, error) {
	found, err := s.queryJobs(ctx, text, args...)
	if err != nil {
		return Job{}, err
	}
	if len(found) == 0 {
		return Job{}, ErrNotFound
	}
	return found[0], nil
}

func (s *Store) listJobs(ctx context.Context, step, text string, args ...any) ([]Job, error) {
	found, err := s.queryJobs(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", step, err)
	}
	return found, nil
}

func (s *Store) queryJobs(ctx context.Context, text string, args ...any) ([]Job, error) {
	var found []Job
	var withInputs []int // those with input pictures
	err := s.query(ctx, func(r *sql.Rows) error {
		e, inputs, err := scanJob(r)
		if inputs {
			withInputs = append(withInputs, len(found))
		}
		found = append(found, e)
		return err
	}, text, args...)
	if err != nil {
		return nil, err
	}
	for _, i := range withInputs {
		if found[i].Inputs, err = s.inputsOf(ctx, found[i].ID); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func scanJob(r *sql.Rows) (e Job, inputs bool, err error) {
	var spec, reply, pending, outcome string
	var created, updated int64
	err = r.Scan(&e.ID, &e.Server, &e.Channel, &e.User, &e.Parent, &e.Verb, &e.State, &spec, &reply, &pending, &e.Lane,
		&e.Cost, &e.Pictures, &e.Spoiler, &e.Epoch, &e.WasLeased, &e.Message, &outcome, &e.Reason, &created, &updated, &e.Weight, &inputs, &e.PostedSeparately, &e.Crashes)
	if err != nil {
		return Job{}, false, err
	}
	e.Spec, e.Address, e.PendingInputs, e.Outcome = rawJSON(spec), rawJSON(reply), rawJSON(pending), rawJSON(outcome)
	e.Created, e.Updated = fromMillis(created), fromMillis(updated)
	return e, inputs, nil
}

func rawJSON(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

// Meta returns a value kept under a name, or "" if there is none: small facts such as the hash of the registered
// commands.
func (s *Store) Meta(ctx context.Context, name string) (string, error) {
	var value string
	err := s.read.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return value, nil
}

// SetMeta keeps a value under a name.
func (s *Store) SetMeta(ctx context.Context, name, value string) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value`, name, cleanText(value))
	if err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	return nil
}
