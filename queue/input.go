package queue

import (
	"context"
	"fmt"
)

// PutInput lends the bytes of an input picture to renderers, by their SHA-256. Call it before the Enqueue of a job
// that names it, and again in each new epoch. It stays until no job needs it; one that no job names is dropped after
// ten minutes. It returns ErrEpoch when no epoch was begun and ErrFull when too much is lent.
func (q *Queue) PutInput(ctx context.Context, sha string, data []byte) error {
	if !plainSHA.MatchString(sha) {
		return fmt.Errorf("lend input %q: no SHA-256", sha)
	}
	r, err := q.run(ctx, putInputScript, anyEpoch, sha, data, q.opts.MaxInputs)
	if err != nil {
		return fmt.Errorf("lend input %s: %w", sha, err)
	}
	if r.code() == "FULL" {
		return fmt.Errorf("lend input %s: %w: %d bytes are lent at most", sha, ErrFull, q.opts.MaxInputs)
	}
	return nil
}

// Input returns the bytes of an input picture, or ErrNotFound.
func (q *Queue) Input(ctx context.Context, sha string) ([]byte, error) {
	r, err := q.run(ctx, inputScript, anyEpoch, sha)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", sha, err)
	}
	if r.code() == "NONE" {
		return nil, fmt.Errorf("input %s: %w", sha, ErrNotFound)
	}
	return []byte(r.text(1)), nil
}
