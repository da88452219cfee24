package bot

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff waits longer each time, with chance mixed in so that many clients do not come back at once.
type backoff struct{ next, first, most time.Duration }

func newBackoff(first, most time.Duration) *backoff {
	return &backoff{next: first, first: first, most: most}
}

func (b *backoff) reset() { b.next = b.first }

func (b *backoff) wait(ctx context.Context) error {
	d := b.next/2 + rand.N(b.next/2+1)
	b.next = min(b.most, 2*b.next)
	return sleep(ctx, d)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
