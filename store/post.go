package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// PostState is how far a post is.
type PostState string

// The states of a post, with the words that are stored.
const (
	PostDue     PostState = "due"     // it is to be made once its job has ended
	PostSending PostState = "sending" // it may have been made
	PostMade    PostState = "posted"
	PostDropped PostState = "dropped" // it will not be made
)

// PingPost is the kind of the reply that pings the owner of a job when the job has ended.
const PingPost = "ping"

// SharePost is the kind of the message that shows private images to everybody: those of one tile, or of all for 0.
func SharePost(tile int) string { return "share" + strconv.Itoa(tile) }

// Post is a message about a job beside the job's own, which must appear once. That it is about to be sent is written
// down first.
type Post struct {
	Job     string
	Kind    string // PingPost, or what SharePost returns
	State   PostState
	Channel string
	Message string // empty until it is known; also of a message that somebody deleted
	At      time.Time
}

// BeginPost notes that a post is about to be sent to a channel, unless it was noted before. It returns what is noted
// then, and whether this call noted it.
func (s *Store) BeginPost(ctx context.Context, job, kind, channel string) (p Post, begun bool, err error) {
	r, err := s.write.ExecContext(ctx, `INSERT INTO posts (job, kind, state, channel, message, at)
		SELECT id, $2, 'sending', $3, '', $4 FROM jobs WHERE id = $1
		ON CONFLICT (job, kind) DO UPDATE SET state = 'sending', channel = EXCLUDED.channel, at = EXCLUDED.at
			WHERE posts.state = 'due'`, job, kind, channel, millis(s.now()))
	if err != nil {
		return Post{}, false, fmt.Errorf("begin %s of job %s: %w", kind, job, err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return Post{}, false, fmt.Errorf("begin %s of job %s: %w", kind, job, err)
	}
	p, err = s.Post(ctx, job, kind)
	return p, n > 0, err
}

// EndPost notes how a post ended that was due or being sent: as PostMade with its message, or as PostDropped.
func (s *Store) EndPost(ctx context.Context, job, kind string, state PostState, message string) error {
	_, err := s.write.ExecContext(ctx, `UPDATE posts SET state = $3, message = $4
		WHERE job = $1 AND kind = $2 AND state IN ('due', 'sending')`, job, kind, string(state), message)
	if err != nil {
		return fmt.Errorf("end %s of job %s: %w", kind, job, err)
	}
	return nil
}

// TakeBackPost forgets a post that was surely not made, so that it can begin again.
func (s *Store) TakeBackPost(ctx context.Context, job, kind string) error {
	_, err := s.write.ExecContext(ctx, `DELETE FROM posts WHERE job = $1 AND kind = $2 AND state = 'sending'`, job, kind)
	if err != nil {
		return fmt.Errorf("take back %s of job %s: %w", kind, job, err)
	}
	return nil
}

// Post returns a post, or the zero Post if nothing is noted of it.
func (s *Store) Post(ctx context.Context, job, kind string) (Post, error) {
	p := Post{Job: job, Kind: kind}
	var at int64
	err := s.read.QueryRowContext(ctx, `SELECT state, channel, message, at FROM posts WHERE job = $1 AND kind = $2`,
		job, kind).Scan(&p.State, &p.Channel, &p.Message, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return Post{}, nil
	}
	if err != nil {
		return Post{}, fmt.Errorf("read %s of job %s: %w", kind, job, err)
	}
	p.At = fromMillis(at)
	return p, nil
}

// postsOf returns the posts about a user's jobs, oldest first.
func (s *Store) postsOf(ctx context.Context, user string) (all []Post, err error) {
	err = s.query(ctx, func(r *sql.Rows) error {
		var p Post
		var at int64
		err := r.Scan(&p.Job, &p.Kind, &p.State, &p.Channel, &p.Message, &at)
		p.At = fromMillis(at)
		all = append(all, p)
		return err
	}, `SELECT job, kind, state, channel, message, at FROM posts
		WHERE job IN (SELECT id FROM jobs WHERE `+jobsOfPerson+`) ORDER BY at, job, kind`, user)
	return all, err
}

// DuePings returns the pings of ended jobs that were not made yet, oldest first.
func (s *Store) DuePings(ctx context.Context, limit int) (all []Post, err error) {
	err = s.query(ctx, func(r *sql.Rows) error {
		p := Post{Kind: PingPost}
		var at int64
		err := r.Scan(&p.Job, &p.State, &p.Channel, &p.Message, &at)
		p.At = fromMillis(at)
		all = append(all, p)
		return err
	}, `SELECT p.job, p.state, p.channel, p.message, p.at FROM posts p JOIN jobs j ON j.id = p.job
		WHERE p.kind = 'ping' AND p.state IN ('due', 'sending')
		AND j.state IN ('done', 'failed', 'cancelled', 'expired') ORDER BY p.at, p.job LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("read the pings that are due: %w", err)
	}
	return all, nil
}

// addPing notes in the transaction that accepts a job that its owner wants to be pinged.
func (s *Store) addPing(ctx context.Context, tx *sql.Tx, j Job, now time.Time) error {
	if !j.Ping {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO posts (job, kind, state, channel, message, at)
		VALUES ($1, 'ping', 'due', '', '', $2)`, j.ID, millis(now))
	if err != nil {
		return fmt.Errorf("note that the owner wants a ping: %w", err)
	}
	return nil
}

// prunePings removes pings that were made or dropped and are older than age.
func (s *Store) prunePings(ctx context.Context, age time.Duration) error {
	_, err := s.write.ExecContext(ctx, `DELETE FROM posts
		WHERE kind = 'ping' AND state IN ('posted', 'dropped') AND at < $1`, millis(s.now().Add(-age)))
	if err != nil {
		return fmt.Errorf("prune pings: %w", err)
	}
	return nil
}
