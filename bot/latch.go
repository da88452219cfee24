package bot

import (
	"context"
	"hash/fnv"
)

// latches keep two hands off the same job: one that puts it into the line and one that takes it back. Without them a
// cancel could come between looking at the ledger and enqueueing, and the picture would be painted all the same.
type latches [64]chan struct{}

func newLatches() *latches {
	l := new(latches)
	for i := range l {
		l[i] = make(chan struct{}, 1)
	}
	return l
}

// hold waits for a job's latch, no longer than ctx. Jobs may share one, so hold never waits for a second.
func (l *latches) hold(ctx context.Context, job string) (release func(), err error) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(job)) // never fails
	c := l[h.Sum32()%uint32(len(l))]
	select {
	case c <- struct{}{}:
		return func() { <-c }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
