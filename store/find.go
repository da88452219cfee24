package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// jobColumns are the columns that Accept writes. scanJob here and insertJob (accept.go) list values in the same order.
// A new column with personal data must also be emptied by eraseEnded (person.go), or the data stays silently.
const jobColumns = `id, server, channel, user_id, parent, verb, state, spec, address, pending_inputs, lane, cost,
	pictures, spoiler, epoch, was_leased, message, outcome, reason, created, updated, weight`

// jobSelection are the columns that scanJob reads. The last two say whether the job has input images, and whether
// posting a message beside the job's own has begun.
const jobSelection = jobColumns + `, EXISTS (SELECT 1 FROM job_inputs i WHERE i.job = jobs.id),
	EXISTS (SELECT 1 FROM deliveries d WHERE d.job = jobs.id AND d.state IN ('sending', 'posted')), crashes`

// Find returns a job, or ErrNotFound. An erased job is not found.
func (s *Store) Find(ctx context.Context, id string) (Job, error) {
	j, err := s.queryJob(ctx, `SELECT `+jobSelection+` FROM jobs WHERE id = $1 AND NOT erased`, id)
	if err != nil {
		return Job{}, fmt.Errorf("find job %s: %w", id, err)
	}
	return j, nil
}

// Unfinished returns the unfinished jobs of a user in all servers, oldest first.
func (s *Store) Unfinished(ctx context.Context, user string) ([]Job, error) {
	return s.listJobs(ctx, "find unfinished jobs", `SELECT `+jobSelection+` FROM jobs
		WHERE state IN ('accepted', 'waiting', 'running') AND user_id = $1 ORDER BY created, id`, user)
}

// RecentlyEnded returns the ended jobs of a user, newest first, at most limit.
func (s *Store) RecentlyEnded(ctx context.Context, user string, limit int) ([]Job, error) {
	return s.listJobs(ctx, "find recent jobs", `SELECT `+jobSelection+` FROM jobs
		WHERE user_id = $1 AND NOT erased AND state IN ('done', 'failed', 'cancelled', 'expired')
		ORDER BY created DESC, id DESC LIMIT $2`, user, limit)
}

// doneIn selects what DoneIn returns. It reads the index jobs_done_of_channel in its order.
const doneIn = `SELECT ` + jobSelection + ` FROM jobs
	WHERE server = $1 AND channel = $2 AND NOT erased AND state = 'done'
	ORDER BY created DESC, id DESC LIMIT $3`

// DoneIn returns the done jobs of a channel, newest first, at most limit.
func (s *Store) DoneIn(ctx context.Context, server, channel string, limit int) ([]Job, error) {
	return s.listJobs(ctx, "find the jobs of a channel", doneIn, server, channel, limit)
}

// Children returns the done jobs of a server that were made from a job by its buttons, newest first, at most limit.
func (s *Store) Children(ctx context.Context, parent, server string, limit int) ([]Job, error) {
	return s.listJobs(ctx, "find children", `SELECT `+jobSelection+` FROM jobs
		WHERE parent = $1 AND parent <> '' AND server = $2 AND NOT erased AND state = 'done'
		ORDER BY created DESC, id DESC LIMIT $3`, parent, server, limit)
}

// Unacknowledged returns, oldest first, up to limit jobs that were accepted longer ago than age and not acknowledged.
func (s *Store) Unacknowledged(ctx context.Context, age time.Duration, limit int) ([]Job, error) {
	return s.listJobs(ctx, "find unacknowledged jobs", `SELECT `+jobSelection+` FROM jobs
		WHERE state = 'accepted' AND created < $1 ORDER BY created, id LIMIT $2`, millis(s.now().Add(-age)), limit)
}

// Ended returns, newest first, up to limit finished jobs that were updated since a time.
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
	var withInputs []int // indexes of the jobs that have input images
	err := s.query(ctx, func(r *sql.Rows) error {
		j, inputs, err := scanJob(r)
		if inputs {
			withInputs = append(withInputs, len(found))
		}
		found = append(found, j)
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

func scanJob(r *sql.Rows) (j Job, inputs bool, err error) {
	var spec, address, pending, outcome string
	var created, updated int64
	err = r.Scan(&j.ID, &j.Server, &j.Channel, &j.User, &j.Parent, &j.Verb, &j.State, &spec, &address, &pending,
		&j.Lane, &j.Cost, &j.Pictures, &j.Spoiler, &j.Epoch, &j.WasLeased, &j.Message, &outcome, &j.Reason,
		&created, &updated, &j.Weight, &inputs, &j.PostedSeparately, &j.Crashes)
	if err != nil {
		return Job{}, false, err
	}
	j.Spec, j.Address, j.PendingInputs, j.Outcome = rawJSON(spec), rawJSON(address), rawJSON(pending), rawJSON(outcome)
	j.Created, j.Updated = fromMillis(created), fromMillis(updated)
	return j, inputs, nil
}

func rawJSON(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}
