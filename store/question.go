package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Ask is something that somebody was asked to confirm.
type Question struct {
	ID   string // of the interaction that it was asked in
	User string // who was asked
	Body json.RawMessage
}

// PutQuestion keeps what somebody was asked; one of the same id is replaced.
func (s *Store) PutQuestion(ctx context.Context, a Question) error {
	if a.ID == "" || a.User == "" || !json.Valid(a.Body) {
		return errors.New("keep a question: an id, a user and JSON are needed")
	}
	_, err := s.write.ExecContext(ctx, `INSERT INTO asks (id, user_id, body, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET body = EXCLUDED.body, created = EXCLUDED.created`, a.ID, a.User, string(a.Body), millis(s.now()))
	if err != nil {
		return fmt.Errorf("keep question %s: %w", a.ID, err)
	}
	return nil
}

// Ask returns what somebody was asked, or ErrNotFound.
func (s *Store) Question(ctx context.Context, id string) (Question, error) {
	a := Question{ID: id}
	var body string
	err := s.read.QueryRowContext(ctx, `SELECT user_id, body FROM asks WHERE id = $1`, id).Scan(&a.User, &body)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Question{}, fmt.Errorf("read question %s: %w", id, err)
	}
	a.Body = rawJSON(body)
	return a, nil
}

// questionsOf returns what somebody was asked and did not answer yet.
func (s *Store) questionsOf(ctx context.Context, user string) (all []Question, err error) {
	err = s.query(ctx, func(r *sql.Rows) error {
		a := Question{User: user}
		var body string
		err := r.Scan(&a.ID, &body)
		a.Body = rawJSON(body)
		all = append(all, a)
		return err
	}, `SELECT id, body FROM asks WHERE user_id = $1 ORDER BY id`, user)
	return all, err
}

// DropQuestion forgets a question. It tells whether it was there: of two answers one finds it.
func (s *Store) DropQuestion(ctx context.Context, id string) (bool, error) {
	r, err := s.write.ExecContext(ctx, `DELETE FROM asks WHERE id = $1`, id)
	if err != nil {
		return false, fmt.Errorf("forget question %s: %w", id, err)
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

// PruneQuestions forgets the questions that nobody answered in time.
func (s *Store) PruneQuestions(ctx context.Context, age time.Duration) error {
	if _, err := s.write.ExecContext(ctx, `DELETE FROM asks WHERE created < $1`, millis(s.now().Add(-age))); err != nil {
		return fmt.Errorf("forget questions: %w", err)
	}
	return nil
}
