package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Question is something that a user must confirm.
type Question struct {
	ID   string // of the interaction in which it was asked
	User string // who was asked
	Body json.RawMessage
}

// PutQuestion stores a question. It replaces one with the same id.
func (s *Store) PutQuestion(ctx context.Context, q Question) error {
	if q.ID == "" || q.User == "" || !json.Valid(q.Body) {
		return errors.New("save question: needs an id, a user and JSON")
	}
	_, err := s.write.ExecContext(ctx, `INSERT INTO questions (id, user_id, body, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET body = EXCLUDED.body, created = EXCLUDED.created`,
		q.ID, q.User, string(q.Body), millis(s.now()))
	if err != nil {
		return fmt.Errorf("save question %s: %w", q.ID, err)
	}
	return nil
}

// Question returns a question, or ErrNotFound.
func (s *Store) Question(ctx context.Context, id string) (Question, error) {
	q := Question{ID: id}
	var body string
	err := s.read.QueryRowContext(ctx, `SELECT user_id, body FROM questions WHERE id = $1`, id).Scan(&q.User, &body)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Question{}, fmt.Errorf("read question %s: %w", id, err)
	}
	q.Body = rawJSON(body)
	return q, nil
}

// questionsOf returns the questions that a user has not answered yet.
func (s *Store) questionsOf(ctx context.Context, user string) (all []Question, err error) {
	err = s.query(ctx, func(r *sql.Rows) error {
		q := Question{User: user}
		var body string
		err := r.Scan(&q.ID, &body)
		q.Body = rawJSON(body)
		all = append(all, q)
		return err
	}, `SELECT id, body FROM questions WHERE user_id = $1 ORDER BY id`, user)
	return all, err
}

// DropQuestion removes a question. It reports whether there was one: of two answers only one finds it.
func (s *Store) DropQuestion(ctx context.Context, id string) (bool, error) {
	r, err := s.write.ExecContext(ctx, `DELETE FROM questions WHERE id = $1`, id)
	if err != nil {
		return false, fmt.Errorf("remove question %s: %w", id, err)
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

// PruneQuestions removes the questions that were asked longer ago than age.
func (s *Store) PruneQuestions(ctx context.Context, age time.Duration) error {
	_, err := s.write.ExecContext(ctx, `DELETE FROM questions WHERE created < $1`, millis(s.now().Add(-age)))
	if err != nil {
		return fmt.Errorf("prune questions: %w", err)
	}
	return nil
}
