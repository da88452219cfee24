package bot

import (
	"context"
	"errors"
	"time"

	"darkroom/bot/reply"
)

// relay brings into the queue whatever SQL owes it. One query serves every case: the start of the bot, an enqueue that
// was lost, a Redis that was wiped, replaced or set back in time. Only the relay begins epochs.
func (b *Bot) relay(ctx context.Context) error {
	well := true
	var audited time.Time
	for {
		err := b.settle(ctx)
		if errors.Is(err, errRival) {
			b.log.Error(err.Error())
			return err
		}
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

// settle begins an epoch if the queue needs one, tells it what is stopped if it may not know, and enqueues what is owed.
func (b *Bot) settle(ctx context.Context) error {
	epoch, err := b.heal(ctx)
	if err != nil {
		return err
	}
	if b.stops.Swap(false) {
		if err := b.restop(ctx); err != nil {
			b.stops.Store(true)
			return err
		}
	}
	return b.fill(ctx, epoch)
}

// stale is how long a job must have been left untouched before the audit asks after it.
const stale = 30 * time.Second

// audit asks the queue again about jobs that the ledger believes to be there and the line does not show: their end may
// have been told while nobody listened, and a queue that knows one tells its last event again. It also sees to it that
// the queue has stopped what should be stopped, and nothing else.
func (b *Bot) audit(ctx context.Context) error {
	if err := b.restop(ctx); err != nil {
		return err
	}
	epoch, err := b.ledger.CurrentEpoch(ctx, b.o.Pool)
	if err != nil {
		return err
	}
	believed, err := b.ledger.Untouched(ctx, epoch, b.o.Now().Add(-stale))
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
	for _, id := range believed {
		if there[id] {
			continue
		}
		if err := b.askAfter(ctx, epoch, id); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bot) askAfter(ctx context.Context, epoch int64, id string) error {
	e, err := b.ledger.Find(ctx, id)
	if err != nil || terminal(e) {
		return known(false, err)
	}
	if err := b.enlistIn(ctx, epoch, b.again(e)); err != nil && !passing(err) {
		return err
	}
	return nil
}
