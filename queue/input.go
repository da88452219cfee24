package queue

import (
	"context"
	"fmt"
)

// PutInput stores the bytes of an input image for renderers, under their SHA-256. Call it before the Enqueue of a job
// that names it, and again in each new epoch. The image stays while a job needs it; one that no job names is deleted
// after ten minutes. PutInput returns ErrEpoch when no epoch has begun and ErrFull when too many bytes are stored.
func (q *Queue) PutInput(ctx context.Context, sha string, data []byte) error {
	if !plainSHA.MatchString(sha) {
		return fmt.Errorf("put input %q: it is not a SHA-256", sha)
	}
	r, err := q.run(ctx, putInputScript, anyEpoch, sha, data, q.opts.MaxInputs)
	if err != nil {
		return fmt.Errorf("put input %s: %w", sha, err)
	}
	if r.code() == "FULL" {
		return fmt.Errorf("put input %s: %w: at most %d bytes", sha, ErrFull, q.opts.MaxInputs)
	}
	return nil
}

// Input returns the bytes of an input image, or ErrNotFound, or ErrEpoch if it is lost and comes again with the next
// epoch.
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
