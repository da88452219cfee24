// Package backoff waits between tries: twice as long each time, give or take a quarter by chance, so that many
// clients do not come back at once. The arithmetic is that of github.com/sethvargo/go-retry; its Do is not used,
// because what ends our loops is seldom the error alone.
package backoff

import (
	"context"
	"time"

	"github.com/sethvargo/go-retry"
)

// jitterPercent is by how much of itself a wait is changed at most.
const jitterPercent = 25

// Backoff is a wait that doubles each time. It is for one goroutine.
type Backoff struct {
	first, most time.Duration
	waits       retry.Backoff
}

// New returns a Backoff that begins with about first and never waits longer than most.
func New(first, most time.Duration) *Backoff {
	b := &Backoff{first: first, most: most}
	b.Reset()
	return b
}

// Reset begins again with the first wait.
func (b *Backoff) Reset() {
	// The middle of the longest wait lies below most by as much as chance may add.
	middle := retry.WithCappedDuration(b.most*100/(100+jitterPercent), retry.NewExponential(b.first))
	b.waits = retry.WithCappedDuration(b.most, retry.WithJitterPercent(jitterPercent, middle))
}

// Next returns how long the next wait should be.
func (b *Backoff) Next() time.Duration {
	d, _ := b.waits.Next() // it never stops
	return d
}

// Wait waits, or returns why ctx ended as soon as it ends.
func (b *Backoff) Wait(ctx context.Context) error { return Sleep(ctx, b.Next()) }

// Sleep waits for d, or returns why ctx ended as soon as it ends.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
