package queue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrOtherDatabase means that the bots of another database use the pool.
var ErrOtherDatabase = errors.New("the bots of another database use this pool")

// Own records that the bots of a database use the pool for a period from now on, and returns the id of the server that
// the pool is on. A server without an id, or one that was restarted since it got its id, gets newID. Own returns
// ErrOtherDatabase while the bots of another database use the pool.
func (q *Queue) Own(ctx context.Context, database string, period time.Duration, newID string) (id string, err error) {
	r, err := q.run(ctx, ownScript, anyEpoch, database, ms(period), newID)
	if err != nil {
		return "", fmt.Errorf("own the pool: %w", err)
	}
	if r.code() != "OK" {
		return "", fmt.Errorf("own the pool: %w", ErrOtherDatabase)
	}
	return r.text(1), nil
}

// InProcess tells whether the queue is in the memory of this process, where no other process can reach it.
func (q *Queue) InProcess() bool { return q.embedded }
