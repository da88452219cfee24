// Package backoff waits between tries: longer each time, with chance mixed in so that many clients do not come back
// at once.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is a wait that doubles each time. It is for one goroutine.
type Backoff struct{ next, first, most time.Duration }

// New returns a Backoff that begins with first and never waits longer than most.
func New(first, most time.Duration) *Backoff {
	return &Backoff{next: first, first: first, most: most}
}

// Reset begins again with the first wait.
func (b *Backoff) Reset() { b.next = b.first }

// Wait waits, or returns ctx's error as soon as ctx ends.
func (b *Backoff) Wait(ctx context.Context) error {
	d := b.next/2 + rand.N(b.next/2+1)
	b.next = min(b.most, 2*b.next)
	return Sleep(ctx, d)
}

// Sleep waits for d, or returns ctx's error as soon as ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
