package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// unreferencedFor is how long the bytes of an input image stay without a reference, so that a request between
// PutInput and Accept or AttachInputs does not lose them.
const unreferencedFor = time.Hour

// PutInput stores the bytes of an input image under their SHA-256 (lower-case hex). The same bytes are stored once.
func (s *Store) PutInput(ctx context.Context, sha string, data []byte) error {
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != sha {
		return fmt.Errorf("save input %s: the bytes have another hash", sha)
	}
	_, err := s.write.ExecContext(ctx, `INSERT INTO inputs (sha, bytes, created) VALUES ($1, $2, $3)
		ON CONFLICT (sha) DO UPDATE SET created = EXCLUDED.created`, sha, data, millis(s.now()))
	if err != nil {
		return fmt.Errorf("save input %s: %w", sha, err)
	}
	return nil
}

// TouchInputs lets input images stay as long as if they had just been stored.
func (s *Store) TouchInputs(ctx context.Context, shas []string) error {
	for _, sha := range shas {
		_, err := s.write.ExecContext(ctx, `UPDATE inputs SET created = $2 WHERE sha = $1`, sha, millis(s.now()))
		if err != nil {
			return fmt.Errorf("touch input %s: %w", sha, err)
		}
	}
	return nil
}

// Input returns the bytes of an input image, or ErrNotFound.
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

// AttachInputs completes a job whose input images had to be copied first. It replaces the Spec by one that names
// them, refers to them (PutInput comes before) and empties PendingInputs.
func (s *Store) AttachInputs(ctx context.Context, id string, spec json.RawMessage, inputs []string) (bool, error) {
	if !json.Valid(spec) {
		return false, fmt.Errorf("attach inputs to job %s: the spec must be JSON", id)
	}
	var done bool
	err := s.inTx(ctx, func(tx *sql.Tx) (err error) {
		done, err = changeIn(ctx, tx, id, `UPDATE jobs SET spec = $3, pending_inputs = '', updated = $2
			WHERE id = $1 AND state IN ('accepted', 'waiting')`, millis(s.now()), string(spec))
		if err != nil || !done {
			return err
		}
		return s.addInputRefs(ctx, tx, id, inputs)
	})
	if err != nil {
		return false, fmt.Errorf("attach inputs to job %s: %w", id, err)
	}
	return done, nil
}

// PruneInputs removes the references of finished jobs that were last updated longer ago than age, then the bytes
// without a reference, unless a question that is not answered yet names them. Until then a reroll of a finished job finds its start image. It returns how many images it
// removed.
//
// A cancelled, failed or expired job lets go of its images at once.
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
			AND NOT EXISTS (SELECT 1 FROM job_inputs WHERE job_inputs.sha = inputs.sha)
			AND NOT EXISTS (SELECT 1 FROM questions WHERE questions.body LIKE '%' || inputs.sha || '%')`,
			millis(s.now().Add(-unreferencedFor)))
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

// inputsLock is the lock between transactions that refer to input images and those that remove unreferenced ones.
func inputsLock() string { return lockName("inputs") }

// addInputRefs writes a job's references to its input images.
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
	return s.queryTexts(ctx, `SELECT sha FROM job_inputs WHERE job = $1 ORDER BY sha`, job)
}
