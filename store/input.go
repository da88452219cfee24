package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// settle is how long the bytes of an input picture stay without a reference, so that a request between PutInput and
// Accept or Attach does not lose them.
const unreferencedFor = time.Hour

// PutInput keeps the bytes of an input picture under their SHA-256 (lower-case hex). The same bytes are kept once.
func (s *Store) PutInput(ctx context.Context, sha string, data []byte) error {
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != sha {
		return fmt.Errorf("keep input %s: the bytes have another hash", sha)
	}
	_, err := s.write.ExecContext(ctx, `INSERT INTO inputs (sha, bytes, created) VALUES ($1, $2, $3)
		ON CONFLICT (sha) DO UPDATE SET created = EXCLUDED.created`, sha, data, millis(s.now()))
	if err != nil {
		return fmt.Errorf("keep input %s: %w", sha, err)
	}
	return nil
}

// Input returns the bytes of an input picture, or ErrNotFound.
func (s *Store) Input(ctx context.Context, sha string) ([]byte, error) {
	var data []byte
	err := s.read.QueryRowContext(ctx, `SELECT bytes FROM inputs WHERE sha = $1`, sha).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read input %s: %w", sha, err)
	}
	return data, nil
}

// Prune lets finished jobs that were last touched longer ago than age let go of their input pictures, then removes
// the bytes that nobody refers to. Until then a reroll of a finished job finds its start picture. It returns how many
// pictures were removed.
func (s *Store) PruneInputs(ctx context.Context, age time.Duration) (int, error) {
	var removed int64
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := s.dialect.lockExclusive(ctx, tx, inputsLock()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM job_inputs WHERE job IN (SELECT id FROM jobs
			WHERE updated < $1 AND state IN ('done', 'failed', 'cancelled', 'expired'))`, millis(s.now().Add(-age)))
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `DELETE FROM inputs WHERE created < $1
			AND NOT EXISTS (SELECT 1 FROM job_inputs WHERE job_inputs.sha = inputs.sha)`, millis(s.now().Add(-unreferencedFor)))
		if err != nil {
			return err
		}
		removed, err = r.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("prune inputs: %w", err)
	}
	return int(removed), nil
}

// shelf is the lock between those who refer to input pictures and those who remove what nobody refers to.
func inputsLock() string { return lockName("inputs") }

// refer writes a job's references to its input pictures.
func (s *Store) addInputRefs(ctx context.Context, tx *sql.Tx, job string, inputs []string) error {
	if len(inputs) == 0 {
		return nil
	}
	if err := s.dialect.lockShared(ctx, tx, inputsLock()); err != nil {
		return err
	}
	for _, sha := range inputs {
		_, err := tx.ExecContext(ctx, `INSERT INTO job_inputs (job, sha) VALUES ($1, $2) ON CONFLICT DO NOTHING`, job, sha)
		if s.dialect.isOrphan(err) {
			return ErrInputGone
		}
		if err != nil {
			return fmt.Errorf("refer to input %s: %w", sha, err)
		}
	}
	return nil
}

func (s *Store) inputsOf(ctx context.Context, job string) ([]string, error) {
	var shas []string
	err := s.query(ctx, func(r *sql.Rows) error {
		var sha string
		err := r.Scan(&sha)
		shas = append(shas, sha)
		return err
	}, `SELECT sha FROM job_inputs WHERE job = $1 ORDER BY sha`, job)
	return shas, err
}
