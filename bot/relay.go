package bot

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"darkroom/bot/reply"
	"darkroom/queue"
)

// owedAtOnce is how many jobs one query of the relay brings.
const owedAtOnce = 200

// relay brings into the queue whatever SQL owes it. One query serves every case: the start of the bot, an enqueue that
// was lost, a Redis that was wiped, replaced or set back in time. Only the relay begins epochs.
func (b *Bot) relay(ctx context.Context) error {
	well := true
	var audited time.Time
	for {
		err := b.settle(ctx)
		if now := b.o.Now(); err == nil && now.Sub(audited) >= b.o.Pace.Audit {
			audited = now
			err = b.audit(ctx)
		}
		if err != nil && ctx.Err() == nil && well {
			b.log.Warn("the queue cannot be filled", "error", reply.Redact(err.Error()))
		}
		if err == nil && !well {
			b.log.Info("the queue is filled again")
		}
		well = err == nil
		select {
		case <-ctx.Done():
			return nil
		case <-b.owing:
		case <-time.After(b.o.Pace.Relay):
		}
	}
}

// settle begins an epoch if the queue needs one, and enqueues what is owed to it.
func (b *Bot) settle(ctx context.Context) error {
	epoch, err := b.heal(ctx)
	if err != nil {
		return err
	}
	var trouble error
	for {
		owed, err := b.ledger.Owed(ctx, epoch, owedAtOnce)
		if err != nil {
			return err
		}
		moved := 0
		for _, e := range owed {
			switch err := b.enlistIn(ctx, epoch, e); {
			case err == nil:
				moved++
			case passing(err):
			case errors.Is(err, queue.ErrEpoch), errors.Is(err, queue.ErrFull), ctx.Err() != nil:
				return err
			default:
				trouble = err // one job that cannot be brought in must not keep the others out
			}
		}
		if moved == 0 || len(owed) < owedAtOnce {
			return trouble
		}
	}
}

// stale is how long a job must have been left untouched before the audit asks after it.
const stale = 30 * time.Second

// audit asks the queue again about jobs that the ledger believes to be there and the line does not show: their end may
// have been told while nobody listened, and a queue that knows one tells its last event again.
func (b *Bot) audit(ctx context.Context) error {
	epoch, err := b.ledger.CurrentEpoch(ctx, b.o.Pool)
	if err != nil {
		return err
	}
	believed, err := b.ledger.Owed(ctx, epoch+1, math.MaxInt32)
	if err != nil || len(believed) == 0 {
		return err
	}
	s, err := b.line.Snapshot(ctx)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, j := range s.Jobs {
		there[j.ID] = true
	}
	for _, e := range believed {
		if there[e.ID] || b.o.Now().Sub(e.Updated) < stale {
			continue
		}
		if err := b.enlistIn(ctx, epoch, e); err != nil && !passing(err) {
			return err
		}
	}
	return nil
}

// heal compares the queue's epoch with SQL's. A queue that is empty, or at any other epoch, is begun anew, with a number
// it never had: leases from before are worth nothing after that.
func (b *Bot) heal(ctx context.Context) (int64, error) {
	has, empty, err := b.line.Epoch(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for epoch: %w", err)
	}
	want, err := b.ledger.CurrentEpoch(ctx, b.o.Pool)
	if err != nil {
		return 0, err
	}
	if !empty && has == want && want > 0 {
		return want, nil
	}
	next, err := b.ledger.NextEpoch(ctx, b.o.Pool)
	if err != nil {
		return 0, err
	}
	for next <= has { // SQL was restored from an older copy: step over what the queue already used
		if next, err = b.ledger.NextEpoch(ctx, b.o.Pool); err != nil {
			return 0, err
		}
	}
	if err := b.line.Begin(ctx, next); err != nil {
		return 0, fmt.Errorf("begin epoch %d: %w", next, err)
	}
	b.log.Info("the queue begins a new epoch", "epoch", next, "before", has, "empty", empty)
	return next, nil
}

// reap brings back jobs whose renderer was lost.
func (b *Bot) reap(ctx context.Context) error {
	well := true
	for {
		n, err := b.line.Reap(ctx)
		if errors.Is(err, queue.ErrEpoch) {
			err = nil // the relay is about to begin it
		}
		if err != nil && ctx.Err() == nil && well {
			b.log.Warn("leases cannot be reaped", "error", err)
		}
		if well = err == nil; well && n > 0 {
			b.log.Info("jobs were moved by the reaper", "jobs", n)
		}
		if sleep(ctx, b.o.Pace.Reap) != nil {
			return nil
		}
	}
}
